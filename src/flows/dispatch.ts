// Which flow handles what: a table of the kinds of items, and one of the types of resources.
import { isFollowedType, type FollowedType } from '../domain/fhir.ts';
import type { Handle } from '../inbox/item.ts';
import type { Bridge } from './bridge.ts';
import { createWriteAuditEvent } from './audit/write-event.ts';
import type { Ended } from './commit.ts';
import { forgetPerson } from './forgetting/forget-person.ts';
import { forgetRoom } from './forgetting/forget-room.ts';
import { isStateChange } from './from-matrix/state-change.ts';
import { roomStateToFhir } from './from-matrix/room-state-to-fhir.ts';
import { createItemHandler, waitForNewerVersion, type Context, type Handlers } from './handle-item.ts';
import { isGhostInvitation } from './invitations/accept-invitation.ts';
import { answerPending, answerPushed } from './invitations/pending-invitation.ts';
import type { ConvergeItem } from './items/converge.ts';
import type { EventItem } from './items/event.ts';
import type { ChangeItem } from './items/fhir-change.ts';
import type { DeletionItem } from './items/fhir-deletion.ts';
import { hasWaited } from './items/waiting.ts';
import { sendMessageNotice, sendNotice } from './messages/notice.ts';
import { relayToFhir } from './messages/relay-to-fhir.ts';
import { readConversation } from './messages/read-conversation.ts';
import { relayToMatrix, type RelayToMatrix } from './messages/relay-to-matrix.ts';
import { sendStatus } from './messages/send-status.ts';
import { withStagesTimed } from './stages.ts';
import { withDelayTold, withSuccessTold } from './status-of-event.ts';
import { reportUndelivered, withReport } from './messages/undelivered.ts';
import { retractDeleted } from './messages/retract-deleted.ts';
import { writeBack } from './messages/write-back.ts';
import { personToRooms } from './people/person-to-rooms.ts';
import { publishAddress } from './people/publish-address.ts';
import { senderGhostOf } from './people/sender-ghost.ts';
import { createReadStateHandlers } from './read-state/handlers.ts';
import { BridgeError } from '../telemetry/errors.ts';
import { converge, convergeUnlessSince, convergeWithDependents } from './structure/converge.ts';
import { convergeRoom } from './structure/converge-room.ts';
import { leftAlone } from './structure/invite.ts';

/** Creates the handler of all items. */
export function createHandle(bridge: Bridge): Handle {
  const { auditTrail, clock, enqueue, log, metrics } = bridge;
  const handlers = createHandlers(bridge);
  const handle = createItemHandler({ auditTrail, clock, enqueue, log, metrics, handlers });
  return withStagesTimed(bridge, withDelayTold(bridge, handle));
}

function createHandlers(bridge: Bridge): Handlers {
  const writeAuditEvent = createWriteAuditEvent(bridge);
  return {
    'matrix.event': (item, context) => eventToFhir(bridge, item, context),
    'matrix.ephemeral': notCarriedYet,
    'matrix.to_device': notCarriedYet,
    'matrix.invitation': (item, { attempt }) => answerPending(bridge, item, attempt),
    'fhir.change': (item, context) => changeToMatrix(bridge, item, context),
    'fhir.deletion': (item, context) => communicationDeleted(bridge, item, context),
    'conversation-messages': (payload, { item, attempt }) => readConversation(bridge, payload, item, attempt),
    notice: (item, { attempt }) => sendNotice(bridge, item, attempt),
    'message-notice': (item, { attempt }) => sendMessageNotice(bridge, item, attempt),
    'send-status': (item, { attempt }) => sendStatus(bridge, item, attempt),
    undelivered: (item, { attempt }) => reportUndelivered(bridge, item, attempt),
    'write-back': (item, { attempt }) => writeBack(bridge, item, attempt),
    converge: (item, context) => convergeAsked(bridge, item, context),
    'forget-room': (item, { attempt }) => forgetRoom(bridge, item, attempt),
    'forget-person': (item, { attempt }) => forgetPerson(bridge, item, attempt),
    publish: (item, { attempt }) => publishAddress(bridge, item, attempt),
    audit: (event, { item, attempt }) => writeAuditEvent(event, item, attempt),
    'set-aside': ({ what, reason }) => {
      throw new BridgeError('item-unstorable', `${what}: ${reason}`);
    },
    ...createReadStateHandlers(bridge),
  };
}

type ChangeHandler = (bridge: Bridge, change: ChangeItem, context: Context) => Promise<Ended>;

const structureChanged: ChangeHandler = (bridge, { reference }, { item, attempt }) =>
  convergeWithDependents(bridge, reference, item.sourceId, attempt.signal);
const personChanged: ChangeHandler = (bridge, { reference }, { item, attempt }) =>
  personToRooms(bridge, reference, item.sourceId, attempt.signal);

const communicationChanged: ChangeHandler = async (bridge, change, { item, attempt }) => {
  const tried = { message: change.reference, cause: item.sourceId };
  return withReport(
    bridge,
    tried,
    await relayToMatrix(toMatrix(bridge), { ...change, hasWaited: hasWaited(item) }, attempt),
  );
};

async function communicationDeleted(
  bridge: Bridge,
  deletion: DeletionItem,
  { item, attempt }: Context,
): Promise<Ended> {
  const tried = { message: deletion.reference, cause: item.sourceId };
  return withReport(
    bridge,
    tried,
    await retractDeleted(toMatrix(bridge), deletion, hasWaited(item), attempt),
  );
}

function toMatrix(bridge: Bridge): RelayToMatrix {
  return {
    ...bridge,
    ghostOf: (person, signal) => senderGhostOf(bridge, person, signal),
    openConversation: (request, signal) => convergeRoom(bridge, request, signal),
  };
}

const changeHandlers: Readonly<Record<FollowedType, ChangeHandler>> = {
  CareTeam: structureChanged,
  CommunicationRequest: structureChanged,
  Communication: communicationChanged,
  Practitioner: personChanged,
  PractitionerRole: personChanged,
  RelatedPerson: personChanged,
  Patient: personChanged,
  Organization: personChanged,
};

async function changeToMatrix(bridge: Bridge, change: ChangeItem, context: Context): Promise<Ended> {
  const { resourceType, reference, versionId } = change;
  if (!isFollowedType(resourceType))
    return waitForNewerVersion(bridge, context.item, `the type ${resourceType}`);
  if (await bridge.store.resourceVersions.wasWritten(bridge.db, reference, versionId))
    return { kind: 'ignored', reason: 'own-write' };
  return changeHandlers[resourceType](bridge, change, context);
}

async function eventToFhir(
  bridge: Bridge,
  { event, gaveUpOn = [] }: EventItem,
  { item, attempt }: Context,
): Promise<Ended> {
  if (isGhostInvitation(bridge.settings, event)) return answerPushed(bridge, event, attempt);
  if (isStateChange(event)) return roomStateToFhir(bridge, event, attempt);
  return withSuccessTold(
    bridge,
    event,
    await relayToFhir(bridge, event, { ...item, gaveUpOn, hasWaited: hasWaited(item) }, attempt),
  );
}

async function convergeAsked(
  bridge: Bridge,
  { reference, requireInvites, servers }: ConvergeItem,
  { item: { sourceId: cause, receivedAt: askedAt }, attempt: { signal } }: Context,
): Promise<Ended> {
  // Nothing is read for what would not be tried.
  if (servers.length > 0 && servers.every(bridge.otherServers.isLeftAlone)) throw leftAlone();
  return requireInvites
    ? converge(bridge, reference, { cause, requireInvites }, signal)
    : convergeUnlessSince(bridge, reference, { cause, askedAt }, signal);
}

function notCarriedYet(): Promise<Ended> {
  return Promise.resolve({ kind: 'ignored', reason: 'not-carried-yet' });
}
