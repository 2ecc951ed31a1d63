/** What each part of the client is made of: a call whose answer is what was agreed. */

import type { z } from 'zod';
import { AolApiError, type CallOptions, HttpTransport, parsedJson, type TransportOptions } from './transport.ts';

export class Calls {
  protected readonly transport: HttpTransport;

  constructor(options: TransportOptions) {
    this.transport = new HttpTransport(options);
  }

  protected async json<Schema extends z.ZodType>(schema: Schema, options: CallOptions): Promise<z.output<Schema>> {
    return (await this.answered(schema, options)).answer;
  }

  protected async answered<Schema extends z.ZodType>(
    schema: Schema,
    options: CallOptions,
  ): Promise<{ readonly answer: z.output<Schema>; readonly status: number }> {
    const { status, text } = await this.transport.call(options, async (response) => ({
      status: response.status,
      text: await response.text(),
    }));
    const parsed = schema.safeParse(parsedJson(text));
    if (!parsed.success) throw AolApiError.unexpected(status, `${options.path} answered something else than agreed`);
    return { answer: parsed.data, status };
  }
}
