// The last step of forgetting a person, when their rooms are done: the accounts of their ghosts, and what the tables and the log hold of them.
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { Forgetting, ForgettingResult, KnownForgetting } from '../../store/forgettings.ts';
import type { Bridge } from '../bridge.ts';
import type { ForgetPersonItem } from '../items/forget-room.ts';
import type { FlowOutcome } from '../outcome.ts';

/** What it is done with. */
export type ForgettingPerson = Pick<Bridge, 'db' | 'forgetItemsNaming' | 'homeserver' | 'settings' | 'store'>;

/** The report names so many conversations at most. */
const MOST_CONVERSATIONS = 100;

/** Handles it. The rows of a person go last, so that whatever ends it before, it is done again. */
export async function forgetPerson(
  bridge: ForgettingPerson,
  { forgetting: id }: ForgetPersonItem,
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const { db, store } = bridge;
  const known = await store.forgettings.find(db, id);
  if (known === undefined || known.endedAt !== undefined) return { kind: 'ignored', reason: 'superseded' };
  const users = usersOf(known);
  const ghosts = await endGhosts(bridge, known.ghosts, signal);
  const conversations = await store.personalData.countMessagesOf(db, users, MOST_CONVERSATIONS);
  const log = await bridge.forgetItemsNaming(db, users, { isDry: false, signal });
  return {
    kind: 'done',
    record: async (tx) => {
      const rows = await store.personalData.eraseRowsOf(tx, known);
      const all = { ...rows, item: log.items, dead_letter: log.deadLetters };
      await store.forgettings.end(tx, id, resultOf(known, { rows: all, ghosts, conversations }));
    },
  };
}

/** All users by whom a person's rows are found. */
export function usersOf({ accounts, ghosts }: Pick<Forgetting, 'accounts' | 'ghosts'>): MatrixUserId[] {
  return [...accounts, ...ghosts];
}

/** Deactivates those that are registered. A homeserver that leaves a name or a picture in place has it removed. */
async function endGhosts(
  { db, homeserver, settings, store }: ForgettingPerson,
  ghosts: readonly MatrixUserId[],
  signal: AbortSignal,
): Promise<ForgettingResult['ghosts']> {
  const ended: Record<MatrixUserId, 'deactivated' | 'refused'> = {};
  for (const ghost of (await store.ghosts.findGhosts(db, ghosts)).keys()) {
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

/** Together with what came of it the times before. */
function resultOf(
  { result: before }: Pick<KnownForgetting, 'result'>,
  now: ForgettingResult,
): ForgettingResult {
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
