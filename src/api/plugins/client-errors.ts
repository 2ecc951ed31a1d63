/** Bytes that are not HTTP never become a request; they are answered on the bare socket. */

import type { Socket } from 'node:net';
import { PROBLEM_TYPE, toProblem } from './problems.ts';

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

/** Answers with a problem and closes the connection. */
export function answerUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const statusCode = STATUS_BY_CODE[error.code ?? ''] ?? 400;
  const answer = toProblem(Object.assign(new Error('the bytes received are not a request'), { statusCode }), '');
  const body = JSON.stringify({ ...answer, instance: undefined });
  socket.end(
    `HTTP/1.1 ${answer.status} ${answer.title}\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
