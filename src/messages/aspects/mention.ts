// Mentions: `m.mentions` and `Communication.recipient`.
import { z } from 'zod';
import type { Communication } from '../../domain/fhir.ts';
import { isMatrixUserId, parseReference, type FhirReference, type MatrixUserId } from '../../domain/ids.ts';
import { mayReferTo } from '../../mapping/fhir-profiles/fhir-profile.ts';
import { referTo } from '../../mapping/references.ts';
import type { Aspect } from './aspect.ts';

/** So many mentions of one message are looked at. */
const MOST_MENTIONS = 50;

const mentionsSchema = z.object({ user_ids: z.array(z.unknown()) });

/** The aspect. https://spec.matrix.org/v1.19/client-server-api/#user-and-room-mentions */
export const mention: Aspect = {
  name: 'mention',
  page: {
    matrix: '`m.mentions`; always written, so that `@room` in a text from FHIR reaches no one',
    fhir: '`recipient`; from FHIR only with `messages.mentionRecipients`',
    kept: 'the people who are mentioned, as far as FHIR knows them',
    lost: 'a mention of the whole room; mentions after the 50th',
  },
  people: (input) =>
    'event' in input ? mentionedIn(input.event.content) : recipientsOf(input.communication.recipient),
  toFhir: ({ event }, _known, { people, profile }) => {
    const mentioned = new Set(mentionedIn(event.content).flatMap((userId) => people.get(userId) ?? []));
    const recipient = [...mentioned].filter((each) => mayReferTo(profile, 'Communication.recipient', each));
    return recipient.length === 0 ? {} : { elements: { recipient: recipient.map(referTo) } };
  },
  toMatrix: ({ communication }, _known, { accounts, options: { mentionRecipients } }, part) => {
    const wanted = mentionRecipients && part === 0 ? recipientsOf(communication.recipient) : [];
    const userIds = new Set(wanted.flatMap((person) => accounts.get(person) ?? []));
    return { 'm.mentions': userIds.size === 0 ? {} : { user_ids: [...userIds] } };
  },
};

function mentionedIn(content: Readonly<Record<string, unknown>>): readonly MatrixUserId[] {
  const userIds = mentionsSchema.safeParse(content['m.mentions']).data?.user_ids ?? [];
  return userIds
    .slice(0, MOST_MENTIONS)
    .filter((userId): userId is MatrixUserId => typeof userId === 'string' && isMatrixUserId(userId));
}

function recipientsOf(recipient: Communication['recipient'] = []): readonly FhirReference[] {
  return recipient
    .slice(0, MOST_MENTIONS)
    .flatMap(({ reference }) => parseReference(reference)?.reference ?? []);
}
