// The report of `person forget` as lines of text.
import type { FhirReference } from '../domain/ids.ts';
import type { ForgetReport } from '../flows/forgetting/report.ts';
import type { Advice } from './person-forget-advice.ts';

/** A report with what stands beside it. */
export type AdvisedReport = ForgetReport &
  Advice & {
    /** What forbids it, if anything. */
    readonly namedBy?: readonly FhirReference[];
  };

const STATES: Readonly<Record<ForgetReport['state'], string>> = {
  'dry-run': 'Nothing was changed. This would be done:',
  'under-way': 'Under way. So far:',
  done: 'Done:',
};

/** A line for each thing that was done, remains, or is to be done by others. */
export function forgetReportLines(report: AdvisedReport): readonly string[] {
  const { accounts, ghosts, rooms, rows, conversations, remains, toDo, namedBy = [] } = report;
  return [
    STATES[report.state],
    ...namedBy.map((reference) => row('refused', `the person still takes part in ${reference}`)),
    ...accounts.map((account) => row('account', account)),
    ...Object.entries(ghosts).map(([ghost, state]) => row('ghost', `${ghost}  ${state}`)),
    ...rooms.map((room) => row('room', roomLine(room))),
    ...Object.entries(rows).map(([table, count]) => row('table', `${table}  ${count} rows`)),
    ...conversations.map(({ conversation, messages }) =>
      row('record', `${conversation}  ${messages} Communications`),
    ),
    ...remains.map((what) => row('remains', what)),
    ...toDo.map(({ who, what }) => row('to do', `${who}: ${what}`)),
  ];
}

function roomLine({
  roomId,
  done,
  messages,
  events,
  refused,
  outOfReach,
}: ForgetReport['rooms'][number]): string {
  const state = done ? 'done' : 'to do';
  if (outOfReach) return `${roomId}  ${state}, out of reach`;
  return `${roomId}  ${state}, ${messages} messages and ${events} names redacted, ${refused} refused`;
}

function row(what: string, text: string): string {
  return `${what.padEnd(8)}  ${text}`;
}
