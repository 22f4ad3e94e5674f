// The context of an invitation: the patient whom a room is about, as a pseudonym that only the invited side can read.
import { z } from 'zod';
import { INVITE_CONTEXT_KEY } from '../domain/matrix.ts';
import type { Texts } from './language/texts.ts';
import { holdsBsn } from './personal-number.ts';

/**
 * The identifier system of a patient's pseudonym in an invitation.
 * https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/specificatie.md#-cliënt-associatie
 */
const PSEUDONYM_SYSTEM = 'http://fhir.nl/fhir/NamingSystem/pseudo-bsn';

/** One key with a dot in it, not a `subject` inside of a `room`. */
const SUBJECT_KEY = 'room.subject';

/** The longest token that is sent or read, in characters: a whole event may have 64 KiB. */
export const LONGEST_TOKEN = 16_384;

/** What the context of an invitation says. */
export type InviteContext =
  /** There is none. */
  | { readonly kind: 'none' }
  /** A token that stands for the patient. The June 2025 guide's form also names the platform that issued it. */
  | { readonly kind: 'subject'; readonly token: string; readonly platform: string | undefined }
  /** It has another version or form. */
  | { readonly kind: 'unreadable' }
  /** It holds a citizen service number (BSN), which must not be used or stored. */
  | { readonly kind: 'personal-number' };

/**
 * Content of the `m.room.member` event that invites a user of another homeserver.
 * @param token the patient's pseudonym for that homeserver; without one the invitation has no context
 */
export function invitationContent(
  token: string | undefined,
  { invitation }: Pick<Texts, 'invitation'>,
): Readonly<Record<string, unknown>> {
  const content = { membership: 'invite', reason: invitation };
  if (token === undefined) return content;
  const subject = { resourceType: 'Patient', identifier: [{ system: PSEUDONYM_SYSTEM, value: token }] };
  // The guides disagree on 1.0 and "1.0"; canonical JSON knows no fractions.
  return { ...content, [INVITE_CONTEXT_KEY]: { version: '1.0', [SUBJECT_KEY]: subject } };
}

/** Whether a token of the pseudonym service may go into an invitation: not empty, not too long, and no BSN. */
export function isSendableToken(token: string): boolean {
  return tokenSchema.safeParse(token).success && !holdsBsn(token);
}

const tokenSchema = z.string().min(1).max(LONGEST_TOKEN);
const patientSchema = z.object({
  resourceType: z.literal('Patient'),
  identifier: z.array(z.object({ system: z.string(), value: z.unknown() })),
});
// Its display_name is left out: no name is taken from an invitation.
const platformSchema = z.object({ platform_type: z.string().min(1).max(255), identifier: tokenSchema });
const subjectSchema = z.union([patientSchema, platformSchema]);
const versionSchema = z.union([z.literal('1.0'), z.literal(1)]);
const contextSchema = z.union([
  z.object({ version: versionSchema, [SUBJECT_KEY]: subjectSchema }),
  // The form that earlier versions of the bridge sent: they may stand on other homeservers still.
  z
    .object({ version: versionSchema, room: z.object({ subject: subjectSchema }) })
    .transform(({ version, room }) => ({ version, [SUBJECT_KEY]: room.subject })),
]);

/** Reads the context from the content of an invitation. Where it names a subject in both forms, that of the guides counts. */
export function readInviteContext(content: Readonly<Record<string, unknown>>): InviteContext {
  const context = content[INVITE_CONTEXT_KEY];
  if (context === undefined) return { kind: 'none' };
  if (holdsBsn(context)) return { kind: 'personal-number' };
  const parsed = contextSchema.safeParse(context);
  if (!parsed.success) return { kind: 'unreadable' };
  const subject = parsed.data[SUBJECT_KEY];
  if ('platform_type' in subject)
    return { kind: 'subject', token: subject.identifier, platform: subject.platform_type };
  const pseudonyms = subject.identifier.filter(({ system }) => system === PSEUDONYM_SYSTEM);
  const token = tokenSchema.safeParse(pseudonyms[0]?.value);
  // With several, it is unclear which one is meant.
  if (!token.success || pseudonyms.length > 1) return { kind: 'unreadable' };
  return { kind: 'subject', token: token.data, platform: undefined };
}
