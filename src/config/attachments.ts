// The section of the configuration for the files of messages.
import { z } from 'zod';
import { inMilliseconds } from './durations.ts';
import { count, flag, seconds } from './fields.ts';

const MEBIBYTE = 1024 * 1024;

/** Images, sound and film, documents and text: nothing that runs, and no archives. */
const TYPES = [
  ...['jpeg', 'png', 'apng', 'gif', 'webp', 'heic', 'avif', 'tiff', 'bmp'].map((name) => `image/${name}`),
  ...['audio/*', 'video/*', 'text/plain', 'text/csv', 'text/markdown'],
  ...['application/pdf', 'application/rtf', 'application/dicom'],
  ...['wordprocessingml.document', 'spreadsheetml.sheet', 'presentationml.presentation'].map(
    (name) => `application/vnd.openxmlformats-officedocument.${name}`,
  ),
  ...['text', 'spreadsheet', 'presentation'].map((name) => `application/vnd.oasis.opendocument.${name}`),
];

/** The section. */
export const attachments = z
  .strictObject({
    maxBytes: count('The largest file, in bytes; the homeserver’s own limit holds besides.', {
      fallback: 50 * MEBIBYTE,
      max: 1024 * MEBIBYTE,
    }),
    maxCount: count('Files in one Communication at most; further ones go into another.', {
      fallback: 5,
      max: 100,
    }),
    recordedAs: z.enum(['attachment', 'document-reference']).default('attachment').meta({
      description:
        'How a record holds a file from Matrix: as contentAttachment, or as contentReference to a DocumentReference that holds the attachment.',
    }),
    types: z
      .array(z.string().regex(/^[a-z]+\/[a-z0-9.+*-]+$/, 'expected a type such as image/png or image/*'))
      .default(TYPES)
      .meta({
        description: 'Types that are carried. What a file is, is told by its content, not by its name.',
      }),
    allowedHosts: z
      .array(z.string().regex(/^[A-Za-z0-9.\-[\]:]+$/, 'expected a host such as files.example.org'))
      .default([])
      .meta({
        description:
          'Hosts besides the FHIR server from which files of Communications are fetched, with the port where it is not the usual one.',
      }),
    allowPrivateAddresses: flag(
      'Whether these hosts may have addresses of private networks and speak plain http.',
      false,
    ),
    timeoutSeconds: seconds('How long the way of one file may take.', 120),
    retrySeconds: seconds(
      'How long a file is tried again whose host or scanner gives no answer, before its message goes on without it.',
      600,
    ),
    scanner: z.enum(['off', 'clamd', 'command']).default('off').meta({
      description:
        'Who looks for malware: clamd by its INSTREAM command, or a command that reads the file on its standard input and exits with 0 (clean) or 1 (infected). Without a verdict a file is not carried.',
    }),
    clamdAddress: z
      .string()
      .regex(/^(\/.+|[^/\s]+:\d+)$/, 'expected host:port or the path of a socket')
      .optional()
      .meta({ description: 'Where clamd listens: host:port, or the path of its socket.' }),
    scanCommand: z.array(z.string().min(1)).min(1).optional().meta({
      description: 'The command: the program and its arguments. No shell is involved.',
    }),
    scanTimeoutSeconds: seconds('How long the verdict on one file may take.', 60),
  })
  .refine(({ scanner, clamdAddress }) => scanner !== 'clamd' || clamdAddress !== undefined, {
    path: ['clamdAddress'],
    error: 'expected the address of clamd',
  })
  .refine(({ scanner, scanCommand }) => scanner !== 'command' || scanCommand !== undefined, {
    path: ['scanCommand'],
    error: 'expected a command',
  })
  .transform(inMilliseconds);
