// What the inbox calls for every item: finds the flow, and turns what went wrong into the catalogue's verdict.
import { z } from 'zod';
import type { InboxItem } from '../domain/inbox.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import { BridgeError, errorCatalogue, errorEntry } from '../telemetry/errors.ts';
import type { Attempt, Handle, Item, OnParked, Outcome } from '../inbox/item.ts';
import { isGhostInvitation } from './invitations/accept-invitation.ts';
import type { Bridge } from './bridge.ts';
import { converge, convergeUnlessSince, convergeWithDependents } from './structure/converge.ts';
import type { FlowOutcome } from './outcome.ts';
import { noticeItem, sendNotice } from './messages/notice.ts';
import { relayToFhir } from './messages/relay-to-fhir.ts';
import { relayToMatrix } from './messages/relay-to-matrix.ts';
import { isOwnUser } from '../mapping/own-users.ts';
import { speakerFor } from './people/people.ts';
import { convergeConversation } from './structure/request-to-room.ts';
import { personToRooms } from './people/person-to-rooms.ts';
import { publishAddress } from './people/publish-address.ts';
import { roomStateToFhir } from './from-matrix/room-state-to-fhir.ts';
import { answerPushed, answerStanding } from './invitations/standing-invitation.ts';
import { isStateChange } from './from-matrix/state-change.ts';

const kinds = [
  'matrix.event',
  'matrix.ephemeral',
  'matrix.to_device',
  'matrix.invitation',
  'fhir.change',
  'notice',
  'converge',
  'publish',
] as const;
const itemSchema = z.looseObject({ kind: z.enum(kinds) });

/** Creates the handler of all items. */
export function createHandle(bridge: Bridge): Handle {
  return async (item, attempt) => {
    const parsed = parseItem(item);
    const kind = parsed?.kind ?? 'unknown';
    const outcome = await handleSafely(bridge, parsed, item, attempt);
    const reason = outcome.kind === 'ignored' ? outcome.reason : 'error' in outcome ? outcome.error.code : '';
    bridge.metrics.items.inc({ kind, outcome: outcome.kind, reason });
    bridge.metrics.handlingSeconds.observe(
      { kind },
      (bridge.clock.now().getTime() - item.receivedAt.getTime()) / 1000,
    );
    return outcome;
  };
}

/** Creates what happens when an item becomes a dead letter: its sender is told (rule 4). */
export function createReportFailure(bridge: Bridge): OnParked {
  return async (tx, item, error) => {
    bridge.log.error(
      { code: error.code, source: item.source, sourceId: item.sourceId },
      'An item became a dead letter',
    );
    const parsed = parseItem(item);
    if (parsed?.kind !== 'matrix.event' || isOwnUser(bridge.settings, parsed.event.sender)) return;
    const { room_id: roomId, sender: about } = parsed.event;
    const reason = isStateChange(parsed.event)
      ? 'change-not-filed'
      : isCode(error.code)
        ? errorEntry(error.code).sender
        : 'not-filed';
    await bridge.enqueue(tx, [noticeItem({ kind: 'notice', roomId, about, reason })]);
  };
}

function isCode(code: string): code is BridgeError['code'] {
  return code in errorCatalogue;
}

/** Payloads are written by this version's intake or an older one's; the kind decides the rest of the shape. */
function parseItem(item: Item): InboxItem | undefined {
  const parsed = itemSchema.safeParse(item.payload);
  return parsed.success ? (parsed.data as unknown as InboxItem) : undefined;
}

async function handleSafely(
  bridge: Bridge,
  item: InboxItem | undefined,
  origin: Item,
  attempt: Attempt,
): Promise<Outcome> {
  if (item === undefined) return dead(new BridgeError('item-malformed', 'the payload has no known kind'));
  try {
    return toInbox(bridge, await dispatch(bridge, item, origin, attempt));
  } catch (error) {
    if (attempt.signal.aborted) throw error;
    return outcomeOf(bridge, error, attempt);
  }
}

async function dispatch(
  bridge: Bridge,
  item: InboxItem,
  origin: Item,
  attempt: Attempt,
): Promise<FlowOutcome | Outcome> {
  const { sourceId, receivedAt } = origin;
  switch (item.kind) {
    case 'matrix.event':
      return eventToFhir(bridge, item.event, origin, attempt);
    case 'matrix.ephemeral':
    case 'matrix.to_device':
      return { kind: 'ignored', reason: 'not-carried-yet' };
    case 'matrix.invitation':
      return answerStanding(bridge, item, attempt);
    case 'notice':
      return sendNotice(bridge, item, attempt);
    case 'fhir.change':
      return dispatchChange(bridge, item, sourceId, attempt);
    case 'publish':
      return publishAddress(bridge, item, attempt);
    case 'converge':
      return item.insist === true
        ? converge(bridge, item.reference, { cause: sourceId, insist: true }, attempt.signal)
        : convergeUnlessSince(
            bridge,
            item.reference,
            { cause: sourceId, askedAt: receivedAt },
            attempt.signal,
          );
  }
}

async function eventToFhir(
  bridge: Bridge,
  event: MatrixEvent,
  origin: Item,
  attempt: Attempt,
): Promise<FlowOutcome | Outcome> {
  if (isGhostInvitation(bridge.settings, event)) return answerPushed(bridge, event, attempt);
  return isStateChange(event)
    ? roomStateToFhir(bridge, event, attempt)
    : relayToFhir(bridge, event, origin, attempt);
}

async function dispatchChange(
  bridge: Bridge,
  { resourceType, reference, versionId }: Extract<InboxItem, { kind: 'fhir.change' }>,
  cause: string,
  attempt: Attempt,
): Promise<FlowOutcome | Outcome> {
  if (await bridge.store.resourceVersions.wasWritten(bridge.db, reference, versionId)) {
    return { kind: 'ignored', reason: 'own-write' };
  }
  switch (resourceType) {
    case 'CareTeam':
    case 'CommunicationRequest':
      return convergeWithDependents(bridge, reference, cause, attempt.signal);
    case 'Communication':
      return relayToMatrix(
        {
          ...bridge,
          senderOf: (person, signal) => speakerFor(bridge, person, signal),
          openConversation: (request, signal) => convergeConversation(bridge, request, signal),
        },
        reference,
        attempt,
      );
    case 'Practitioner':
    case 'PractitionerRole':
    case 'RelatedPerson':
    case 'Patient':
    case 'Organization':
      return personToRooms(bridge, reference, cause, attempt.signal);
  }
}

/** All that a flow wants recorded, as one. */
function toInbox({ enqueue }: Bridge, outcome: FlowOutcome | Outcome): Outcome {
  if (outcome.kind === 'later' || outcome.kind === 'retry' || !('next' in outcome)) return outcome as Outcome;
  const { record, next } = outcome;
  if (record === undefined && next === undefined) return outcome;
  return {
    ...outcome,
    record: async (tx) => {
      await record?.(tx);
      if (next !== undefined) await enqueue(tx, typeof next === 'function' ? await next(tx) : next);
    },
  };
}

function outcomeOf(bridge: Bridge, thrown: unknown, attempt: Attempt): Outcome {
  const error = thrown instanceof BridgeError ? thrown : new BridgeError('unexpected', 'see the log');
  if (error !== thrown) bridge.log.error({ error: thrown }, 'A flow failed in a way nobody foresaw');
  const { verdict, attempts = Number.POSITIVE_INFINITY } = errorEntry(error.code);
  if (verdict === 'dead' || attempt.number >= attempts) return dead(error);
  bridge.log.warn({ code: error.code, detail: error.message }, 'A flow failed and will be tried again');
  return {
    kind: 'retry',
    error: { code: error.code, message: error.message },
    ...(error.retryAfterMs !== undefined && { afterMs: error.retryAfterMs }),
  };
}

function dead({ code, message }: BridgeError): Outcome {
  return { kind: 'dead', error: { code, message } };
}
