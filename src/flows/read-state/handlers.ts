// The handlers of read state: for each kind of item its flow, and none where read state is not carried.
import type { Bridge } from '../bridge.ts';
import type { Handlers } from '../handle-item.ts';
import type { FlowOutcome } from '../outcome.ts';
import { compareTasks } from './compare-tasks.ts';
import { recordRead } from './record-read.ts';
import { reportRead } from './report-read.ts';
import { takeReceipts } from './take-receipts.ts';

/** Creates the handlers. */
export function createReadStateHandlers(
  bridge: Bridge,
): Pick<Handlers, 'receipts' | 'fhir.read' | 'read' | 'read-tasks'> {
  if (bridge.settings.readState.engine === 'off')
    return { receipts: switchedOff, 'fhir.read': switchedOff, read: switchedOff, 'read-tasks': switchedOff };
  return {
    receipts: (item, { attempt }) => takeReceipts(bridge, item, attempt),
    'fhir.read': (report, { item, attempt }) => reportRead(bridge, report, item, attempt),
    read: (item, { attempt }) => recordRead(bridge, item, attempt),
    'read-tasks': (item, context) => compareTasks(bridge, item, context),
  };
}

/** Items of a time when it was on. */
function switchedOff(): Promise<FlowOutcome> {
  return Promise.resolve({ kind: 'ignored', reason: 'read-state-off' });
}
