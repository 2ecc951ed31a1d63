/** How a tool is declared, and how its answers and errors reach the agent. */

import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult, ToolAnnotations } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { AolApiError, AolUnreachableError } from '../client/client.ts';
import { AolError, errorText, type FieldProblem, InvalidRequestError } from '../domain/errors.ts';
import type { AgentClient } from './agent-client.ts';

export interface ToolDefinition<Input extends z.ZodType, Output extends z.ZodType> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly kind: keyof typeof ANNOTATIONS;
  readonly input: Input;
  readonly output: Output;
  run(client: AgentClient, input: z.output<Input>): Promise<Answer<z.output<Output>>>;
}

export interface Answer<Result> {
  /** The gist in a sentence or two; the result follows as JSON. */
  readonly words: string;
  readonly result: Result;
}

/** @param mayWork throws when the token is one that must not be used here */
export type Tool = (server: McpServer, client: AgentClient, mayWork: () => Promise<void>) => void;

const ANNOTATIONS = {
  looks: { readOnlyHint: true, openWorldHint: false },
  /** With a key the same call again changes nothing. */
  queues: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  cancels: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  stops: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
} as const satisfies Record<string, ToolAnnotations>;

export function tool<Input extends z.ZodType, Output extends z.ZodType>(
  definition: ToolDefinition<Input, Output>,
): Tool {
  const { name, title, description, kind, input, output } = definition;
  const inputSchema: z.ZodType = input;
  const outputSchema: z.ZodType = output;
  return (server, client, mayWork) =>
    server.registerTool(
      name,
      { title, description, inputSchema, outputSchema, annotations: { title, ...ANNOTATIONS[kind] } },
      async (given) => {
        try {
          await mayWork();
          return success(await definition.run(client, input.parse(given)));
        } catch (error) {
          return failure(error);
        }
      },
    );
}

const structuredSchema = z.record(z.string(), z.unknown());

function success({ words, result }: Answer<unknown>): CallToolResult {
  const structuredContent = structuredSchema.parse(result);
  return { content: [{ type: 'text', text: `${words}\n${JSON.stringify(result)}` }], structuredContent };
}

/** What the server says, so that an agent can mend its call. */
function failure(error: unknown): CallToolResult {
  return { content: [{ type: 'text', text: failureText(error) }], isError: true };
}

function failureText(error: unknown): string {
  if (error instanceof AolApiError) return withFields(`${error.code}: ${error.message}`, error.problem.errors);
  if (error instanceof InvalidRequestError) return withFields(`${error.code}: ${error.message}`, error.problems);
  if (error instanceof AolUnreachableError) return `AOL_UNREACHABLE: ${error.message}; nothing is known of the call`;
  return error instanceof AolError ? `${error.code}: ${error.message}` : errorText(error);
}

function withFields(text: string, problems: readonly FieldProblem[] = []): string {
  return [text, ...problems.map(({ field, rule }) => `${field} ${rule}`)].join('\n');
}
