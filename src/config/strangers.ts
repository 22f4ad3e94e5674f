// The keys of `strangers`: members of rooms whom neither FHIR nor a directory knows.
import { z } from 'zod';
import { inMilliseconds } from './durations.ts';
import { seconds } from './fields.ts';

const policy = (description: string, fallback: 'remove' | 'notice') =>
  z.enum(['remove', 'notice', 'allow']).default(fallback).meta({ description });

/** The section. */
export const strangers = z
  .strictObject({
    fromTrustedServers: policy(
      'Those of your own homeserver and of matrix.trustedServers: remove them after the grace, say in the room that nobody knows them (notice), or allow them.',
      'notice',
    ),
    fromOtherServers: policy(
      'Those of all other homeservers. Under remove these homeservers are also kept out by m.room.server_acl, but for those of people whom FHIR has in the room.',
      'remove',
    ),
    graceSeconds: seconds(
      'How long a stranger may stay before they are removed, so that FHIR can be told who they are.',
      3_600,
    ),
  })
  .transform(inMilliseconds);
