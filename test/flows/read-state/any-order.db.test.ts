// Receipts, reports and messages in any order, twice and late: one end state (property test on real tables).
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { useBridgeDatabase } from '../../builders/database.ts';
import { eventId } from '../../builders/matrix.ts';
import { createReadStateWorld, DOCTOR, KIN, NURSE, type REQUEST } from '../../builders/read-state-world.ts';

const pool = useBridgeDatabase();
const MESSAGES = ['1', '2', '3', '4'];

/** Something that happens to a conversation in which the doctor has written four messages. */
type Step =
  | { readonly kind: 'receipt'; readonly reader: 'nurse' | 'doctor'; readonly message: string }
  | { readonly kind: 'task' | 'audit'; readonly message: string };

const step = fc.oneof(
  fc.record({
    kind: fc.constant('receipt' as const),
    reader: fc.constantFrom('nurse' as const, 'doctor' as const),
    message: fc.constantFrom(...MESSAGES, 'topic'),
  }),
  fc.record({
    kind: fc.constantFrom('task' as const, 'audit' as const),
    message: fc.constantFrom(...MESSAGES),
  }),
);

/** The same steps, each once or twice, in some order, in batches that are handled one after the other. */
const told = fc.array(step, { minLength: 1, maxLength: 6 }).chain((steps) =>
  fc.record({
    steps: fc.constant(steps),
    order: fc.shuffledSubarray([...steps, ...steps], { minLength: steps.length }).map((order) => [
      // None is left out, however few of the doubled ones were drawn.
      ...order,
      ...steps.filter((each) => !order.includes(each)),
    ]),
    batches: fc.integer({ min: 1, max: 3 }),
  }),
);

const readerOf = { nurse: NURSE, doctor: DOCTOR };

async function endState(steps: readonly Step[], batches: number) {
  await pool().query(
    'truncate room, person, message_link, receipt, read_position, compared_tasks, resource_version, waiting_item cascade',
  );
  const world = await createReadStateWorld(pool(), { engine: 'bridge' });
  for (const name of MESSAGES) {
    if (name === '3') world.timeline.add(eventId('$topic'));
    await world.run(await world.carry(name, DOCTOR));
  }
  const size = Math.ceil(steps.length / batches);
  for (let from = 0; from < steps.length; from += size) {
    const items = [];
    for (const [at, each] of steps.slice(from, from + size).entries())
      items.push(...(await itemsOf(world, each, `${from}-${at}`)));
    await world.run(items);
  }
  return { positions: await world.positions(), tasks: world.tasks(), lastReceipt: world.set.at(-1) };
}

async function itemsOf(world: Awaited<ReturnType<typeof createReadStateWorld>>, told: Step, id: string) {
  if (told.kind === 'receipt') return world.receive(readerOf[told.reader], `$${told.message}`);
  const message = `Communication/${told.message}` as typeof REQUEST;
  if (told.kind === 'task')
    return world.report({
      ...{ resourceType: 'Task', id, status: 'completed', intent: 'order' },
      ...{ focus: { reference: message }, owner: { reference: KIN.person } },
    });
  const audit = {
    ...{ resourceType: 'AuditEvent', id, action: 'R', recorded: '2026-11-29T12:00:00Z' },
    type: { system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle', code: 'access' },
    agent: [{ who: { reference: KIN.person }, requestor: true }],
    entity: [{ what: { reference: message } }],
  };
  return world.report(audit);
}

/** What must be, by the latest message that each has read; a receipt on the topic is one on message 2. */
function expected(steps: readonly Step[]) {
  const of = (matches: (step: Step) => boolean): string | undefined =>
    steps
      .filter(matches)
      .map(({ message }) => (message === 'topic' ? '2' : message))
      .toSorted()
      .at(-1);
  const read = {
    [NURSE.person]: of((each) => each.kind === 'receipt' && each.reader === 'nurse'),
    [DOCTOR.person]: of((each) => each.kind === 'receipt' && each.reader === 'doctor'),
    [KIN.person]: of((each) => each.kind !== 'receipt'),
  };
  const known = Object.entries(read).filter(([, message]) => message !== undefined);
  const status = (message: string | undefined) => (message === '4' ? 'completed 4' : 'requested 4');
  const lastOfKin = read[KIN.person];
  return {
    positions: Object.fromEntries(known.map(([person, message]) => [person, `$${message ?? ''}`])),
    tasks: {
      [NURSE.person]: status(read[NURSE.person]),
      [DOCTOR.person]: 'completed 4', // who wrote it has read it
      [KIN.person]: status(lastOfKin),
    },
    lastReceipt: lastOfKin === undefined ? undefined : `${KIN.userId} $${lastOfKin}`,
  };
}

test('whatever the order, each reader stands at the latest message that they have read', async () => {
  await fc.assert(
    fc.asyncProperty(told, async ({ steps, order, batches }) => {
      expect(await endState(order, batches)).toEqual(expected(steps));
    }),
    { numRuns: 25 },
  );
});
