// `person forget`: a person's traces in Matrix and in the bridge are removed by the running bridge; this stores the order, waits, and reports.
import { randomUUID } from 'node:crypto';
import { Command, InvalidArgumentError, Option } from 'commander';
import { sleep } from '../app/clock.ts';
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';
import type { Bridge } from '../flows/bridge.ts';
import { orderForgetting } from '../flows/forgetting/order.ts';
import { dryReport, reportSoFar, type ForgetReport } from '../flows/forgetting/report.ts';
import { stillNamedBy } from '../flows/forgetting/still-named.ts';
import { whomOf, type Whom } from '../flows/forgetting/whom.ts';
import { operator } from './operator.ts';
import { configOption } from './options.ts';
import { adviceOf } from './person-forget-advice.ts';
import { forgetReportLines, type AdvisedReport } from './person-forget-report.ts';
import { withBridge } from './with-bridge.ts';

interface Options {
  readonly config?: string;
  readonly dryRun: boolean;
  readonly redactMessages: boolean;
  readonly json: boolean;
  /** Seconds. */
  readonly wait: number;
}

/** @param readPerson a reference, or a Matrix user id */
export function forgetCommand(readPerson: (given: string) => FhirReference | MatrixUserId): Command {
  return new Command('forget')
    .description('Remove what Matrix and the bridge hold of a person; the record in FHIR stays')
    .argument('<person>', 'such as Patient/7 or @jan:example.org', readPerson)
    .option('--dry-run', 'report what would be done, and change nothing', false)
    .option('--redact-messages', 'redact what their ghosts said in rooms, too', false)
    .option('--json', 'report as JSON', false)
    .addOption(
      new Option('--wait <seconds>', 'how long to wait for the running bridge')
        .argParser(readSeconds)
        .default(600),
    )
    .addOption(configOption())
    .action(async (named: FhirReference | MatrixUserId, options: Options) => {
      await withBridge(options.config, (bridge, _, signal) => run(bridge, named, options, signal));
    });
}

function readSeconds(given: string): number {
  const seconds = Number(given);
  if (given.trim() !== '' && seconds >= 0 && seconds < 1_000_000) return seconds;
  throw new InvalidArgumentError('Expected a number of seconds.');
}

async function run(
  bridge: Bridge,
  named: FhirReference | MatrixUserId,
  options: Options,
  signal: AbortSignal,
): Promise<void> {
  const whom = await whomOf(bridge, named, signal);
  if (options.dryRun) {
    const report = await dryReport(bridge, whom, signal);
    print(options.json, { ...report, namedBy: await stillNamedBy(bridge, whom.people, signal) });
    return;
  }
  const { redactMessages: redacts, wait } = options;
  const command = { cause: `person forget ${randomUUID()}`, by: operator(), redacts };
  const ordered = await orderForgetting(bridge, whom, command, signal);
  if (ordered.kind === 'refused') {
    process.exitCode = 1;
    process.stderr.write(
      `${named} still takes part in ${ordered.namedBy.join(', ')}, and would be brought back. ` +
        'Take the person out of these on the FHIR server, or end them; then run this again.\n',
    );
    return;
  }
  process.stderr.write('The order is stored; the running bridge carries it out.\n');
  const report = await awaitEnd(bridge, whom, wait * 1000, signal);
  if (report === undefined) return;
  if (report.state === 'under-way') {
    process.exitCode = 1;
    process.stderr.write('It is not finished yet. Run this again later to see what came of it.\n');
  }
  print(options.json, report);
}

const LOOK_MS = 250;

/** The report when it is done, or when the time is up. */
async function awaitEnd(
  bridge: Bridge,
  { id }: Whom,
  waitMs: number,
  signal: AbortSignal,
): Promise<ForgetReport | undefined> {
  const until = bridge.clock.monotonicMs() + waitMs;
  for (;;) {
    const known = await bridge.store.forgettings.find(bridge.db, id);
    if (known === undefined) return undefined;
    const isOver = known.endedAt !== undefined || bridge.clock.monotonicMs() >= until || signal.aborted;
    if (isOver) return reportSoFar(bridge, known);
    await sleep(LOOK_MS);
  }
}

function print(asJson: boolean, found: ForgetReport & Pick<AdvisedReport, 'namedBy'>): void {
  const report = { ...found, ...adviceOf(found) };
  const text = asJson ? JSON.stringify(report, null, 2) : forgetReportLines(report).join('\n');
  process.stdout.write(`${text}\n`);
}
