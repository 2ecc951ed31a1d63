import { z } from 'zod';
import { parsePayloadKeys } from '../domain/payload-keys.ts';
import type { Variable } from './variable.ts';

const text = z.string().optional();
const switchText = z.enum(['0', '1', 'true', 'false']).optional();
const file = 'the path of a PEM file';

/** Temporal's own conventions. `@temporalio/envconfig` gives them their meaning; here they are only checked and named. */
export const temporal = {
  TEMPORAL_ADDRESS: {
    schema: z
      .string()
      .regex(/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}$/)
      .optional(),
    rule: 'host:port',
    defaultText: 'unset',
    meaning: 'Address of the Temporal server. Unset: a dev server is started, its data in AOL_DATA_DIR.',
  },
  TEMPORAL_NAMESPACE: {
    schema: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/)
      .optional(),
    rule: 'a namespace: letters, digits, dots, dashes',
    defaultText: 'default',
    meaning: 'The namespace that lanes run in.',
  },
  TEMPORAL_API_KEY: {
    schema: text,
    rule: 'a key',
    defaultText: 'unset',
    meaning: 'API key (Temporal Cloud).',
    secret: true,
  },
  TEMPORAL_TLS: {
    schema: switchText,
    rule: '0, 1, true or false',
    defaultText: 'unset',
    meaning: 'TLS on or off. Unset: on with an API key or a certificate.',
  },
  TEMPORAL_TLS_CLIENT_CERT_PATH: { schema: text, rule: file, defaultText: 'unset', meaning: 'Client certificate.' },
  TEMPORAL_TLS_CLIENT_CERT_DATA: {
    schema: text,
    rule: 'PEM text',
    defaultText: 'unset',
    meaning: 'The client certificate itself.',
    secret: true,
  },
  TEMPORAL_TLS_CLIENT_KEY_PATH: {
    schema: text,
    rule: file,
    defaultText: 'unset',
    meaning: "The client certificate's key.",
  },
  TEMPORAL_TLS_CLIENT_KEY_DATA: {
    schema: text,
    rule: 'PEM text',
    defaultText: 'unset',
    meaning: 'That key itself.',
    secret: true,
  },
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: {
    schema: text,
    rule: file,
    defaultText: 'unset',
    meaning: "The CA that signed the server's certificate.",
  },
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: {
    schema: text,
    rule: 'PEM text',
    defaultText: 'unset',
    meaning: 'That CA itself.',
  },
  TEMPORAL_TLS_SERVER_NAME: {
    schema: text,
    rule: 'a host name',
    defaultText: 'unset',
    meaning: 'The name in the server’s certificate, where it is not the host of the address.',
  },
  TEMPORAL_CONFIG_FILE: {
    schema: text,
    rule: 'the path of a TOML file',
    defaultText: "Temporal's own place",
    meaning: 'File with connection profiles.',
  },
  TEMPORAL_PROFILE: {
    schema: text,
    rule: 'a profile of that file',
    defaultText: 'default',
    meaning: 'Which profile of that file to use.',
  },
  AOL_PAYLOAD_KEY: {
    schema: z
      .string()
      .transform((value) => parsePayloadKeys(value))
      .pipe(z.array(z.instanceof(Uint8Array)))
      .optional(),
    rule: '32 bytes in base64, up to ten of them separated by commas',
    defaultText: 'unset',
    meaning: 'Encrypts what Temporal stores: the first key encrypts, all decrypt. Unset: nothing is encrypted.',
    secret: true,
  },
} as const satisfies Record<string, Variable>;
