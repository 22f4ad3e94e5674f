// Makes one write of a message, once: the link comes first, and an old attempt is looked for before the write is repeated.
import { isDeepStrictEqual } from 'node:util';
import type { Fact } from '../../domain/facts.ts';
import { versionOf, type Communication, type ResourceVersion } from '../../domain/fhir.ts';
import { referenceTo, type FhirReference } from '../../domain/ids.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { FhirWrite } from '../../messages/effects.ts';
import type { KindName } from '../../messages/kind.ts';
import { relationsOf } from '../../messages/relations.ts';
import type { LinkKey, NewLink } from '../../store/message-links.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import { settleDocuments } from './documents.ts';
import { withFilesCopied, type WithFiles } from './copy-files.ts';
import { digestOf, findMade, versionsOf } from './made-before.ts';

/** What a write needs. */
export type Writing = Pick<Bridge, 'db' | 'fhir' | 'files' | 'settings' | 'store' | 'thread'>;

/** Of which event it is, and which of its writes; 0 for the first. */
export interface Cause {
  readonly event: MatrixEvent;
  readonly kind: KindName;
  readonly part: number;
  readonly conversation: FhirReference;
}

/** A write that was made. */
export interface Made extends Pick<WithFiles<Communication>, 'copies' | 'refused'> {
  readonly key: LinkKey;
  readonly version: ResourceVersion;
  /** Whether the version is the bridge's own; not where the record was so already. */
  readonly isOwn: boolean;
  /** The version that was written over; undefined where none was. */
  readonly writtenOver: StoredResource<Communication> | undefined;
  /** Of what was written; undefined where nothing was. */
  readonly digest: string | undefined;
  /** That says why it was changed; undefined where there is none. */
  readonly provenance: ResourceVersion | undefined;
  /** Undefined where nothing happened. */
  readonly fact: Omit<Extract<Fact, { kind: 'created' | 'changed' | 'retracted' }>, 'by'> | undefined;
}

/** Writes. The link comes before: a reader that sees the new version first must find it here as the bridge's own. */
export async function writeOnce(
  writing: Writing,
  { event, kind, part, conversation }: Cause,
  write: FhirWrite,
  attempt: Attempt,
): Promise<Made> {
  const { db, store } = writing;
  const link: NewLink = {
    ...{ origin: 'matrix', cause: event.event_id, part, kind },
    ...{ communication: ownReference(writing, write), eventId: event.event_id },
    ...{ target: write.kind === 'create' ? undefined : write.target, roomId: event.room_id },
    ...{ sender: event.sender, sentAt: new Date(event.origin_server_ts) },
    threadRoot: relationsOf(event.content).threadRoot,
  };
  const { doubtBefore } = await store.messageLinks.startLink(db, link);
  const mayBeMade = attempt.number > 1 || attempt.inDoubt || isBefore(event, doubtBefore);
  const { signal } = attempt;
  const { version, isOwn, writtenOver, record, refused, copies } =
    write.kind === 'create'
      ? await create(writing, write, { conversation, mayBeMade }, signal)
      : await change(writing, write, { conversation, link, mayBeMade }, signal);
  // An attempt before this one may have written it; otherwise another system did, and that is carried yet.
  const mayBeOwn = isOwn || mayBeMade;
  const provenance = await provenanceOf(writing, write, { version, mayBeOwn }, attempt.signal);
  return {
    ...{ key: link, version, isOwn, writtenOver, refused, copies, provenance },
    digest: mayBeOwn ? digestOf(writing, record) : undefined,
    fact: mayBeOwn
      ? {
          kind: factKind(write, record),
          on: { reference: version.reference, versionId: version.versionId },
          ...{ direction: 'to-fhir', roomId: event.room_id, eventId: event.event_id },
        }
      : undefined,
  };
}

/** Says why, of a version that the bridge made: now, or when it read the message only after it was redacted. */
async function provenanceOf(
  { db, fhir, store }: Writing,
  write: FhirWrite,
  { version, mayBeOwn }: { readonly version: ResourceVersion; readonly mayBeOwn: boolean },
  signal: AbortSignal,
): Promise<ResourceVersion | undefined> {
  const provenance = write.kind === 'create' ? undefined : write.provenance?.(version);
  if (provenance === undefined) return undefined;
  const isOfBridge =
    mayBeOwn || (await store.resourceVersions.wasWritten(db, version.reference, version.versionId));
  return isOfBridge ? fhir.createOnce(provenance, { mayExist: true, signal }) : undefined;
}

function factKind(write: FhirWrite, { status }: Communication): 'created' | 'changed' | 'retracted' {
  if (write.kind === 'create') return 'created';
  return status === 'entered-in-error' ? 'retracted' : 'changed';
}

/** The Communication that is written, as far as its id is known before. */
function ownReference({ settings }: Writing, write: FhirWrite): FhirReference | undefined {
  if (write.kind !== 'create') return write.reference;
  return settings.idStrategy === 'client-assigned'
    ? referenceTo('Communication', write.communication.id)
    : undefined;
}

/** Whether an event was sent before this time. The clocks of homeservers differ. */
function isBefore({ origin_server_ts: sentAt }: MatrixEvent, time: Date | undefined): boolean {
  return time !== undefined && sentAt - CLOCKS_DIFFER_MS < time.getTime();
}

const CLOCKS_DIFFER_MS = 10 * 60_000;

interface Written extends WithFiles<Communication>, Pick<Made, 'isOwn' | 'version' | 'writtenOver'> {}

interface Circumstances {
  readonly conversation: FhirReference;
  /** Whether it may have been written before; then nothing that another system has written since is written over. */
  readonly mayBeMade: boolean;
}

async function create(
  writing: Writing,
  write: Extract<FhirWrite, { kind: 'create' }>,
  { conversation, mayBeMade: mayExist }: Circumstances,
  signal: AbortSignal,
): Promise<Written> {
  const communication = await withQuotation(writing, write, signal);
  const created = await withFilesCopied(writing, communication, { conversation }, signal);
  const version = await writing.fhir.createOnce(created.record, { mayExist, signal });
  // What an attempt before this one wrote, another system may have changed since.
  return { ...created, version, isOwn: !mayExist, writtenOver: undefined };
}

async function withQuotation(
  { fhir }: Writing,
  { communication, quotes }: Extract<FhirWrite, { kind: 'create' }>,
  signal: AbortSignal,
): Promise<Communication & { readonly id: string }> {
  const quoted = quotes && (await fhir.read(quotes.reference, signal));
  if (quotes === undefined || quoted?.resourceType !== 'Communication') return communication;
  return { ...communication, payload: [...quotes.payload(quoted)] };
}

type Change = Exclude<FhirWrite, { kind: 'create' }>;

/** The record as the change leaves it; undefined when it is so already. */
async function applied(
  writing: Writing,
  before: StoredResource<Communication>,
  write: Change,
  conversation: FhirReference,
  signal: AbortSignal,
): Promise<WithFiles<Communication> | undefined> {
  if (write.kind === 'restore') {
    const record = await restored(writing, before, write, signal);
    return record && { record, refused: [], copies: [] };
  }
  const changed = write.apply(before);
  return changed && withFilesCopied(writing, changed, { conversation, before: before.payload }, signal);
}

/** With its files copied a record may be what an earlier attempt has written. */
function isSo(record: Communication, changed: WithFiles<Communication> | undefined): boolean {
  return changed === undefined || isDeepStrictEqual(changed.record, record);
}

/** @throws BridgeError when the server has no such version any more: what was redacted must not stay unnoticed */
async function restored(
  writing: Writing,
  before: Communication,
  { reference, digest }: Extract<FhirWrite, { kind: 'restore' }>,
  signal: AbortSignal,
): Promise<Communication | undefined> {
  if (digestOf(writing, before) === digest) return undefined;
  const versions = await versionsOf(writing, reference, signal);
  const found = versions.find((version) => digestOf(writing, version) === digest);
  if (found?.payload === undefined)
    throw new BridgeError('version-missing', 'a Communication before an edit of it');
  const { status, payload, meta } = found;
  return { ...before, status, payload, meta: { ...before.meta, tag: meta.tag } };
}

async function change(
  writing: Writing,
  write: Change,
  { conversation, link, mayBeMade }: Circumstances & { readonly link: LinkKey },
  signal: AbortSignal,
): Promise<Written> {
  const { fhir } = writing;
  const { reference } = write;
  const before = await fhir.read(reference, signal);
  if (before?.resourceType !== 'Communication')
    throw new BridgeError('reference-missing', 'the Communication that is to be changed');
  const stands = (record: StoredResource<Communication>): Written => ({
    ...{ record, refused: [], copies: [], version: versionOf(record), isOwn: false, writtenOver: undefined },
  });
  const changed = await applied(writing, before, write, conversation, signal);
  if (changed === undefined || isSo(before, changed)) return { ...stands(before), ...changed };
  const isMade = async (version: StoredResource<Communication>): Promise<boolean> =>
    isSo(version, await applied(writing, version, write, conversation, signal));
  const made = mayBeMade ? await findMade(writing, reference, link, isMade, signal) : undefined;
  if (made !== undefined) return stands(made);
  const { record } = changed;
  // Before the record: an attempt after this one finds it as it was.
  await settleDocuments({ fhir }, before, record, signal);
  const version = await fhir.update(
    { ...record, id: before.id, meta: { ...record.meta, ...stampOf(before) } },
    signal,
  );
  // A server makes no version of what is the same to it.
  const isOwn = version.versionId !== before.meta.versionId;
  return { ...changed, version, isOwn, writtenOver: isOwn ? before : undefined };
}

function stampOf({
  meta: { versionId, lastUpdated },
}: {
  readonly meta: Pick<ResourceVersion, 'versionId' | 'lastUpdated'>;
}) {
  return { versionId, lastUpdated };
}
