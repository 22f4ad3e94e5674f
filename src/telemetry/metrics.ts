// The one list of metrics (prom-client). No label ever holds a user, a room, a resource id or a text.
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Starts the timer of a request. The returned function ends it with `ok` or an error code. */
export type RequestObserver = (operation: string) => (result: string) => void;

/** Creates the registry with every metric of the bridge and of the Node.js process. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const metrics = {
    registry,
    ...requestMetrics(registry),
    ...itemMetrics(registry),
    ...readerMetrics(registry),
    ...queueMetrics(registry),
    ...identityMetrics(registry),
  };
  for (const former of FORMER_COUNTERS) registry.registerMetric(copyOf(registry, former));
  return metrics;
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

function requestMetrics(registry: Registry) {
  const requests = new Histogram({
    name: 'bridge_request_seconds',
    help: 'Requests to the homeserver, the FHIR server, the pseudonym service and the directories of people',
    labelNames: ['server', 'operation', 'result'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
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
    dependencyUp: new Gauge({
      name: 'bridge_dependency_up',
      help: 'Whether a dependency answered its last check',
      labelNames: ['service'],
      registers: [registry],
    }),
  };
}

function itemMetrics(registry: Registry) {
  const registers = [registry];
  return {
    items: new Counter({
      name: 'bridge_items_total',
      help: 'Inbox items handled, by kind and outcome (done, ignored, retry, dead)',
      labelNames: ['kind', 'outcome', 'reason'],
      registers,
    }),
    handlingSeconds: new Histogram({
      name: 'bridge_item_handling_seconds',
      help: 'Time from storing an item to the end of its handling',
      labelNames: ['kind'],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600],
      registers,
    }),
    messages: new Counter({
      name: 'bridge_messages_total',
      help: 'Messages carried over',
      labelNames: ['direction'],
      registers,
    }),
    notices: new Counter({
      name: 'bridge_notices_total',
      help: 'Notices to senders',
      labelNames: ['reason'],
      registers,
    }),
    roomChanges: new Counter({
      name: 'bridge_room_changes_total',
      help: 'Changes made to bring spaces and rooms to what FHIR wants',
      labelNames: ['kind'],
      registers,
    }),
    reconcileMended: new Counter({
      name: 'bridge_reconcile_mended_total',
      help: 'Repairs of the nightly reconcile: spaces and rooms that differed from FHIR, and lost invitations',
      labelNames: ['kind'],
      registers,
    }),
    roomsMade: new Counter({
      name: 'bridge_rooms_ensured_total',
      help: 'Spaces and rooms brought into being or found',
      labelNames: ['kind'],
      registers,
    }),
  };
}

function readerMetrics(registry: Registry) {
  const registers = [registry];
  return {
    readerPasses: new Counter({
      name: 'bridge_reader_passes_total',
      help: 'Passes of the jobs that run on one replica at a time, the readers among them',
      labelNames: ['reader', 'result'],
      registers,
    }),
    readerItems: new Counter({
      name: 'bridge_reader_items_total',
      help: 'What the jobs found: new items, rooms to mend, rows to prune',
      labelNames: ['reader'],
      registers,
    }),
    wakeUps: new Counter({
      name: 'bridge_wake_ups_total',
      help: 'Transactions and hooks received',
      labelNames: ['source', 'result'],
      registers,
    }),
  };
}

function queueMetrics(registry: Registry) {
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers: [registry] });
  const queue = {
    deadLetters: gauge('bridge_dead_letters', 'Dead letters that wait for an operator'),
    waitingItems: gauge('bridge_items_waiting', 'Inbox items not handled yet'),
    retryingLanes: gauge('bridge_lanes_retrying', 'Conversations whose first item has failed at least once'),
    oldestWaitingSeconds: gauge('bridge_oldest_item_seconds', 'Age of the oldest inbox item not handled yet'),
    liveReplicas: gauge('bridge_replicas', 'Replicas that work on this database'),
  };
  return {
    /** Sets the gauges of the queue. */
    setQueue(stats: Readonly<Record<keyof typeof queue, number>>): void {
      for (const [key, metric] of Object.entries(queue)) metric.set(stats[key as keyof typeof queue]);
    },
  };
}

function identityMetrics(registry: Registry) {
  const registers = [registry];
  return {
    directoryQuestions: new Counter({
      name: 'bridge_directory_questions_total',
      help: 'Questions to the directories of people, by what came of them (found, unknown, ambiguous, answered, failed, skipped)',
      labelNames: ['directory', 'result'],
      registers,
    }),
    directoryAccounts: new Counter({
      name: 'bridge_directory_accounts_total',
      help: 'Practitioners without an account of their own in FHIR, by what the directories said of one (found, unknown, failed)',
      labelNames: ['result'],
      registers,
    }),
    directorySync: new Gauge({
      name: 'bridge_directory_sync_records',
      help: 'Records that the present or last reading of a directory has read, saved and removed',
      labelNames: ['directory', 'what'],
      registers,
    }),
    directorySynced: new Gauge({
      name: 'bridge_directory_synced_timestamp_seconds',
      help: 'When a directory was last read to its end',
      labelNames: ['directory'],
      registers,
    }),
    directoryWarnings: new Gauge({
      name: 'bridge_directory_unreliable_attributes',
      help: 'Configured attributes of a directory that find no one, because users can write them or they are not declared',
      labelNames: ['directory'],
      registers,
    }),
    identityAnswers: new Counter({
      name: 'bridge_identity_answers_total',
      help: 'Answers of the identity port, by API and HTTP status',
      labelNames: ['api', 'status'],
      registers,
    }),
  };
}
