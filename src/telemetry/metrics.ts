// The one list of metrics (prom-client). No label ever holds a user, a room, a resource id or a text.
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Starts the timer of a request. The returned function ends it with `ok` or an error code. */
export type RequestObserver = (operation: string) => (result: string) => void;

/** The default of the library, 10 ms, wakes a process that has nothing to do a hundred times a second. */
const LAG_SAMPLED_EVERY_MS = 100;

/** Creates the registry with every metric of the bridge and of the Node.js process. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_SAMPLED_EVERY_MS });
  registry.registerMetric(createLoopUtilization());
  const makers = makersIn(registry);
  const metrics = {
    registry,
    ...requestMetrics(makers),
    ...itemMetrics(makers),
    ...readerMetrics(makers),
    ...queueMetrics(makers),
    ...auditMetrics(makers),
    ...identityMetrics(makers),
  };
  for (const former of FORMER_COUNTERS) registry.registerMetric(copyOf(registry, former));
  return metrics;
}

/** How busy the one thread was between two scrapes, which is looked at only then. */
function createLoopUtilization() {
  let before = performance.eventLoopUtilization();
  return new Gauge({
    name: 'bridge_event_loop_utilization',
    help: 'Share of the time since the scrape before in which the process had something to do: at 1 it needs a second replica',
    registers: [],
    collect() {
      const now = performance.eventLoopUtilization();
      this.set(performance.eventLoopUtilization(now, before).utilization);
      before = now;
    },
  });
}

/** Counters under the names of the version before, beside today's. To be removed with the next version. */
const FORMER_COUNTERS = [
  { name: 'bridge_doorbells_total', now: 'bridge_wake_ups_total', labelNames: ['source', 'result'] },
  { name: 'bridge_sweep_mended_total', now: 'bridge_reconcile_mended_total', labelNames: ['kind'] },
];

function copyOf(registry: Registry, { name, now, labelNames }: (typeof FORMER_COUNTERS)[number]) {
  return new Counter({
    ...{ name, labelNames, registers: [] },
    help: `Deprecated, the former name of ${now}`,
    async collect() {
      this.reset();
      const { values = [] } = (await registry.getSingleMetric(now)?.get()) ?? {};
      for (const { labels, value } of values) this.inc(labels, value);
    },
  });
}

export type Metrics = ReturnType<typeof createMetrics>;

/** Make a metric in a registry: its name, what it counts or measures, and its labels. */
function makersIn(registry: Registry) {
  const registers = [registry];
  return {
    counter: <Label extends string>(name: string, help: string, labelNames: Label[]) =>
      new Counter({ name, help, labelNames, registers }),
    gauge: <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
      new Gauge({ name, help, labelNames, registers }),
    histogram: <Label extends string>(name: string, help: string, labelNames: Label[], buckets: number[]) =>
      new Histogram({ name, help, labelNames, buckets, registers }),
  };
}

type Makers = ReturnType<typeof makersIn>;

function requestMetrics({ counter, gauge, histogram }: Makers) {
  const requests = histogram(
    'bridge_request_seconds',
    'Requests to the homeserver, the FHIR server, the pseudonym service and the directories of people',
    ['server', 'operation', 'result'],
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  );
  const observer =
    (server: 'matrix' | 'fhir' | 'pseudonyms' | 'directory'): RequestObserver =>
    (operation) => {
      const end = requests.startTimer({ server, operation });
      return (result) => {
        end({ result });
      };
    };
  return {
    observeMatrix: observer('matrix'),
    observeFhir: observer('fhir'),
    observePseudonyms: observer('pseudonyms'),
    observeDirectory: observer('directory'),
    unsoundResources: counter(
      'bridge_fhir_unsound_resources_total',
      'Resources of which elements were left out when they were read, as they have not the form of FHIR R4',
      ['kind'],
    ),
    dependencyUp: gauge('bridge_dependency_up', 'Whether a dependency answered its last check', ['service']),
  };
}

function itemMetrics({ counter, gauge, histogram }: Makers) {
  return {
    items: counter(
      'bridge_items_total',
      'Inbox items handled, by kind and outcome (done, ignored, retry, dead)',
      ['kind', 'outcome', 'reason'],
    ),
    handlingSeconds: histogram(
      'bridge_item_handling_seconds',
      'Time from storing an item to the end of its handling',
      ['kind'],
      [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600],
    ),
    stageSeconds: histogram(
      'bridge_item_stage_seconds',
      'Time of an item in each stage: arrive (from the stamp of the server to storing), wait (until its handling begins), handle, record (writing down what came of it)',
      ['kind', 'stage'],
      [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300],
    ),
    messages: counter('bridge_messages_total', 'Messages carried over', ['direction']),
    files: counter('bridge_files_total', 'Files of messages: carried, or why they were not', [
      'direction',
      'result',
    ]),
    notices: counter('bridge_notices_total', 'Notices to senders', ['reason']),
    lostMessages: counter(
      'bridge_lost_messages_total',
      'Messages and changes in rooms of which something was not recorded, by what their senders are told',
      ['reason'],
    ),
    undelivered: counter(
      'bridge_undelivered_messages_total',
      'Communications that did not reach their room, by why',
      ['reason'],
    ),
    roomChanges: counter(
      'bridge_room_changes_total',
      'Changes made to bring spaces and rooms to what FHIR wants',
      ['kind'],
    ),
    reconcileMended: counter(
      'bridge_reconcile_mended_total',
      'Repairs of the nightly reconcile: spaces and rooms that differed from FHIR, and lost invitations',
      ['kind'],
    ),
    resourcesGone: gauge(
      'bridge_resources_gone',
      'Spaces and rooms whose resource is gone from the FHIR server, and that still have their members',
    ),
    roomsSeparated: counter(
      'bridge_rooms_separated_total',
      'Spaces and rooms that were made for another resource with the same id, or for another patient, and were replaced',
      [],
    ),
    roomsMade: counter('bridge_rooms_ensured_total', 'Spaces and rooms brought into being or found', [
      'kind',
    ]),
  };
}

function readerMetrics({ counter, gauge }: Makers) {
  return {
    readerPasses: counter(
      'bridge_reader_passes_total',
      'Passes of the jobs that run on one replica at a time, the readers among them',
      ['reader', 'result'],
    ),
    readerItems: counter(
      'bridge_reader_items_total',
      'What the jobs found: new items, rooms to mend, rows to prune',
      ['reader'],
    ),
    readerLastPass: gauge(
      'bridge_reader_last_pass_seconds',
      'Age of the last good pass of a job on any replica, by the clock of the database',
      ['reader'],
    ),
    readerFailures: gauge(
      'bridge_reader_failing_passes',
      'Passes of a job that failed since its last good one',
      ['reader'],
    ),
    readerDegraded: gauge(
      'bridge_reader_degraded',
      'Whether a job stands still: it fails, or its last good pass is too old',
      ['reader'],
    ),
    restored: gauge(
      'bridge_restored',
      'Whether a server or the database went back to an earlier state, until all spaces and rooms are compared',
      ['what'],
    ),
    wakeUps: counter('bridge_wake_ups_total', 'Transactions and hooks received', ['source', 'result']),
  };
}

function queueMetrics({ gauge }: Makers) {
  const queue = {
    deadLetters: gauge('bridge_dead_letters', 'Dead letters that wait for an operator'),
    waitingItems: gauge('bridge_items_waiting', 'Inbox items not handled yet'),
    retryingLanes: gauge('bridge_lanes_retrying', 'Conversations whose first item has failed at least once'),
    oldestWaitingSeconds: gauge('bridge_oldest_item_seconds', 'Age of the oldest inbox item not handled yet'),
    liveReplicas: gauge('bridge_replicas', 'Replicas that work on this database'),
  };
  const otherKeys = gauge(
    'bridge_payloads_under_other_keys',
    'Payloads in the database that are not encrypted with the first of database.encryptionKeys, by the id of their key',
    ['key'],
  );
  return {
    /** Sets how many payloads stand under each key that is not the first. */
    setOtherKeys(counts: Readonly<Record<string, number>>): void {
      otherKeys.reset();
      for (const [key, count] of Object.entries(counts)) otherKeys.set({ key }, count);
    },
    /** Sets the gauges of the queue. */
    setQueue(stats: Readonly<Record<keyof typeof queue, number>>): void {
      for (const [key, metric] of Object.entries(queue)) metric.set(stats[key as keyof typeof queue]);
    },
  };
}

function auditMetrics({ gauge }: Makers) {
  return {
    auditWaiting: gauge('bridge_audit_waiting', 'AuditEvents not written yet'),
    auditOldestSeconds: gauge('bridge_audit_oldest_seconds', 'Age of the oldest AuditEvent not written yet'),
  };
}

function identityMetrics({ counter, gauge }: Makers) {
  return {
    directoryQuestions: counter(
      'bridge_directory_questions_total',
      'Questions to the directories of people, by what came of them (found, unknown, ambiguous, answered, failed, skipped)',
      ['directory', 'result'],
    ),
    directoryAccounts: counter(
      'bridge_directory_accounts_total',
      'Practitioners without an account of their own in FHIR, by what the directories said of one (found, unknown, failed)',
      ['result'],
    ),
    contestedAccounts: counter(
      'bridge_contested_accounts_total',
      'How often a Matrix account counted as nobody’s, since several people claim it',
      [],
    ),
    directorySync: gauge(
      'bridge_directory_sync_records',
      'Records that the present or last reading of a directory has read, saved and removed',
      ['directory', 'what'],
    ),
    directorySynced: gauge(
      'bridge_directory_synced_timestamp_seconds',
      'When a directory was last read to its end',
      ['directory'],
    ),
    directoryWarnings: gauge(
      'bridge_directory_unreliable_attributes',
      'Configured attributes of a directory that find no one, because users can write them or they are not declared',
      ['directory'],
    ),
    identityAnswers: counter(
      'bridge_identity_answers_total',
      'Answers of the identity port, by API and HTTP status',
      ['api', 'status'],
    ),
  };
}
