// Feeds the look-ups of the identity port to the audit trail: each was stored before its answer left, so none is missed.
import { randomUUID } from 'node:crypto';
import type { Agent, Fact } from '../../domain/facts.ts';
import { isMatrixUserId, typeOf, type MatrixUserId } from '../../domain/ids.ts';
import type { AuditRecord } from '../../store/identity-audit.ts';
import type { Queryable } from '../../store/database.ts';
import type { Store } from '../../store/tables.ts';
import type { Bridge } from '../bridge.ts';

/** Makes items of look-ups, some at a time. @returns how many; fewer than the limit when there are no more */
export async function feedLookUps(
  { auditTrail, enqueue, store, transact }: Pick<Bridge, 'auditTrail' | 'enqueue' | 'store' | 'transact'>,
  limit: number,
): Promise<number> {
  return transact(async (tx) => {
    const records = await store.identityAudit.takeUnfed(tx, limit);
    const agentOf = createAgents(store, tx);
    const items = [];
    for (const record of records) {
      const cause = { source: 'look-up', sourceId: randomUUID() };
      items.push(...auditTrail.itemsOf(cause, [await factOf(record, agentOf)], record.at));
    }
    await enqueue(tx, items);
    return records.length;
  });
}

type AgentOf = (userId: MatrixUserId) => Promise<Agent>;

async function factOf(
  { caller, action, medium, subject, outcome, found: userId }: AuditRecord,
  agentOf: AgentOf,
): Promise<Fact> {
  const found = userId === undefined ? undefined : await agentOf(userId);
  const isPatient = found?.person !== undefined && typeOf(found.person) === 'Patient';
  return {
    kind: 'looked-up',
    by: isMatrixUserId(caller) ? await agentOf(caller) : { address: caller },
    ...{ question: { action, medium, hash: subject?.toString('base64url') }, result: outcome, found },
    subject: isPatient ? found.person : undefined,
  };
}

/** Of many look-ups by one caller, the caller is looked for once. */
function createAgents({ people }: Pick<Store, 'people'>, tx: Queryable): AgentOf {
  const known = new Map<MatrixUserId, Agent>();
  return async (userId) => {
    const agent = known.get(userId) ?? { userId, person: await people.findPersonByUserId(tx, userId) };
    known.set(userId, agent);
    return agent;
  };
}
