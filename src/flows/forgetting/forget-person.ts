// The last step of forgetting a person, when their rooms are done: the accounts of their ghosts, and what the tables and the log hold of them.
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { Sought } from '../../inbox/forget-items.ts';
import type { ForgettingResult, KnownForgetting } from '../../store/forgettings.ts';
import type { Bridge } from '../bridge.ts';
import type { ForgetPersonItem } from '../items/forget-room.ts';
import type { FlowOutcome } from '../outcome.ts';
import { soughtOf } from './sought.ts';

/** What it is done with. */
export type ForgettingPerson = Pick<
  Bridge,
  'clock' | 'db' | 'fhir' | 'forgetItemsNaming' | 'homeserver' | 'settings' | 'store'
>;

/** The report names so many conversations at most. */
const MOST_CONVERSATIONS = 100;
/** When it is looked again for what was on its way, and for how long. */
const AGAIN_MS = 1_000;
const PATIENCE_MS = 2 * 60_000;

/** Handles it. The rows of a person go last, so that whatever ends it before, it is done again. */
export async function forgetPerson(
  bridge: ForgettingPerson,
  { forgetting: id }: ForgetPersonItem,
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const { db, store } = bridge;
  const known = await store.forgettings.find(db, id);
  if (known === undefined || known.endedAt !== undefined) return { kind: 'ignored', reason: 'superseded' };
  const ghosts = await endGhosts(bridge, known, signal);
  const sought = await soughtOf(bridge, known, signal);
  if (!(await forgetInLog(bridge, known, { sought, ghosts }, signal)))
    return { kind: 'later', afterMs: AGAIN_MS };
  const conversations = await store.personalData.countMessagesOf(db, sought.users, MOST_CONVERSATIONS);
  return {
    kind: 'done',
    record: async (tx) => {
      const before = (await store.forgettings.find(tx, id))?.result;
      const rows = await store.personalData.eraseRowsOf(tx, known);
      await store.forgettings.end(tx, id, together(before, { rows, ghosts, conversations }));
    },
  };
}

/**
 * It is looked until a look finds nothing: an event on its way bears the name that it ended. An own account that goes on writing is not
 * waited for without end.
 * @returns whether that is all
 */
async function forgetInLog(
  { clock, db, forgetItemsNaming, store }: ForgettingPerson,
  { id, beganAt, result }: KnownForgetting,
  { sought, ghosts }: { readonly sought: Sought; readonly ghosts: ForgettingResult['ghosts'] },
  signal: AbortSignal,
): Promise<boolean> {
  const isArriving = await store.arrivals.doesArrivalName(db, [...sought.users, ...sought.texts]);
  const { items, deadLetters, waiting } = await forgetItemsNaming(db, sought, { isDry: false, signal });
  const rows = { item: items, dead_letter: deadLetters };
  await store.forgettings.saveResult(db, id, together(result, { rows, ghosts, conversations: [] }));
  const isLate = clock.now().getTime() - beganAt.getTime() > PATIENCE_MS;
  return isLate || (!isArriving && items + deadLetters + waiting === 0);
}

/** Deactivates those that are registered. A homeserver that leaves a name or a picture in place has it removed. */
async function endGhosts(
  { db, homeserver, settings, store }: ForgettingPerson,
  { ghosts, result }: KnownForgetting,
  signal: AbortSignal,
): Promise<ForgettingResult['ghosts']> {
  const ended: Record<MatrixUserId, 'deactivated' | 'refused'> = { ...result?.ghosts };
  for (const ghost of (await store.ghosts.findGhosts(db, ghosts)).keys()) {
    if (ended[ghost] === 'deactivated') continue;
    ended[ghost] = (await homeserver.deactivate(ghost, signal)) ? 'deactivated' : 'refused';
    const { displayname, avatar_url: picture } = await homeserver.profile(ghost, signal, settings.bot);
    if (isShown(displayname)) await homeserver.setDisplayName(ghost, '', signal);
    if (isShown(picture)) await homeserver.setAvatar(ghost, undefined, signal);
  }
  return ended;
}

function isShown(value: string | null | undefined): boolean {
  return value !== undefined && value !== null && value !== '';
}

/** What came of it the times before, and now. */
function together(before: ForgettingResult | undefined, now: ForgettingResult): ForgettingResult {
  const rows = { ...before?.rows };
  for (const [table, count] of Object.entries(now.rows))
    if (count > 0) rows[table] = (rows[table] ?? 0) + count;
  const messages = new Map<FhirReference, number>();
  // What an account of theirs said can be told of once only.
  for (const { conversation, messages: count } of [...(before?.conversations ?? []), ...now.conversations])
    messages.set(conversation, Math.max(count, messages.get(conversation) ?? 0));
  return {
    rows,
    ghosts: { ...before?.ghosts, ...now.ghosts },
    conversations: [...messages].map(([conversation, count]) => ({ conversation, messages: count })),
  };
}
