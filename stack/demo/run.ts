// `npm run demo`: the whole stack and the bridge on this machine, and a message that crosses both ways.
import { parseArgs } from 'node:util';
import { startBridge } from '../bridge.ts';
import { StackRequirementError, StackServiceError } from '../errors.ts';
import { startStack } from '../stack.ts';
import { registerUser } from '../synapse.ts';
import { waitUntil } from '../wait.ts';
import { careNetworkPeople, careTeam, communication, communicationRequest } from './care-network.ts';
import { startPerson } from './person.ts';
import type { Resource } from './platform.ts';
import { createPlatform } from './platform.ts';

const { values: options } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const say = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};
const heading = (text: string): void => {
  say(`\n── ${text} ${'─'.repeat(Math.max(0, 76 - text.length))}`);
};
const show = (value: unknown): void => {
  say(JSON.stringify(value, null, 2).replace(/^/gm, '    '));
};

async function demo(interrupted: AbortSignal): Promise<void> {
  heading('Starting PostgreSQL, Synapse and HAPI FHIR');
  const stack = await startStack({
    services: ['synapse', 'hapi'],
    progress: say,
    keep: options.keep,
    signal: interrupted,
  });
  try {
    interrupted.throwIfAborted();
    const { synapse, hapi, appservice, folder } = stack;
    const databaseUrl = stack.bridgeDatabase.url;
    say('Bridge: starting');
    const bridge = await startBridge({
      guard: stack.guard,
      logFolder: folder.logs,
      databaseUrl,
      synapse,
      hapi,
      appservice,
    });
    say('Bridge: ready');
    interrupted.throwIfAborted();
    const nurse = await registerUser(synapse, { localpart: 'noor', password: 'noor', displayName: 'Noor' });
    await crossBothWays({ hapiUrl: hapi.url, synapse, nurse });
    heading('What is running');
    say(`  Homeserver   ${synapse.url}       log in as ${nurse.userId} with password “${nurse.password}”`);
    say(`  FHIR server  ${hapi.url}  try ${hapi.url}/Communication?part-of=CommunicationRequest/245`);
    say(`  Bridge       ${bridge.opsUrl}       /health  /metrics  /api/v1/queue/stats`);
    say(`  Logs         ${folder.logs}`);
    if (!options.once) await stayUntil(interrupted, hapi.url);
  } finally {
    heading('Stopping');
    await stack.stop();
    say('Everything is stopped.');
  }
}

interface Crossing {
  readonly hapiUrl: string;
  readonly synapse: { readonly url: string; readonly serverName: string };
  readonly nurse: Awaited<ReturnType<typeof registerUser>>;
}

async function crossBothWays({ hapiUrl, synapse, nurse }: Crossing): Promise<void> {
  const platform = createPlatform(hapiUrl);
  const person = await startPerson(synapse.url, nurse);
  try {
    heading('1. A care platform writes FHIR: a message in Matrix');
    for (const resource of careNetworkPeople('', nurse.userId)) await platform.put(resource);
    await platform.put(careTeam('', '244'));
    await platform.put(communicationRequest('', '245', '244', 'Mother fell this morning. Who can come by?'));
    const written = await platform.post(communication('', '245', 'She is all right, but a little shaken.'));
    say('  The daughter’s platform wrote CareTeam/244, CommunicationRequest/245 and this Communication:\n');
    show(written);
    const alias = `#communicationrequest/245:${synapse.serverName}`;
    const roomId = await person.join(alias);
    await person.hear(roomId, 'Mother fell this morning. Who can come by?');
    const heard = await person.hear(roomId, 'She is all right, but a little shaken.');
    say(`\n  The nurse, invited to ${alias}, reads in her Matrix client:\n`);
    show({
      event_id: heard.getId(),
      sender: heard.sender?.name,
      type: heard.getType(),
      content: heard.getContent(),
    });

    heading('2. The nurse answers in Matrix: a record in FHIR');
    const eventId = await person.say(roomId, 'I will be there at two o’clock.');
    say(`  The nurse’s message is event ${eventId}. The platform finds it as:\n`);
    show(await findRecord(platform, eventId));
  } finally {
    person.leaveClient();
  }
}

async function findRecord(platform: ReturnType<typeof createPlatform>, eventId: string): Promise<Resource> {
  const identifier = encodeURIComponent(`https://matrix.org/event-id|${eventId}`);
  const look = async (): Promise<Resource | undefined> =>
    (await platform.search(`Communication?part-of=CommunicationRequest/245&identifier=${identifier}`))[0];
  return waitUntil(look, { what: 'the message is on the FHIR server', timeoutMs: 30_000 });
}

async function stayUntil(interrupted: AbortSignal, hapiUrl: string): Promise<void> {
  heading('Try it');
  say(
    '  Open a Matrix client such as Element, choose the homeserver above, log in, and write in the conversation.',
  );
  say('  Or write as the daughter’s platform does:\n');
  say(`    curl -X POST ${hapiUrl}/Communication -H 'Content-Type: application/fhir+json' -d '{`);
  say('      "resourceType": "Communication", "status": "completed",');
  say('      "partOf": [{"reference": "CommunicationRequest/245"}],');
  say(
    '      "sender": {"reference": "RelatedPerson/daughter"}, "payload": [{"contentString": "Thank you!"}]}\'\n',
  );
  say('  Ctrl-C stops everything.');
  await new Promise<void>((resolve) => {
    if (interrupted.aborted) resolve();
    else
      interrupted.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
  });
}

if (options.help) {
  say(
    'npm run demo [-- --once] [-- --keep]\n  --once  show the crossing and stop\n  --keep  keep data and logs after the end',
  );
} else {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interruption.abort(new Error(`stopped by ${signal}`));
    });
  }
  try {
    await demo(interruption.signal);
  } catch (error) {
    if (interruption.signal.aborted) {
      say('\nEverything is stopped.');
    } else {
      const known = error instanceof StackRequirementError || error instanceof StackServiceError;
      process.stderr.write(
        `\n${known ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
      process.exitCode = 1;
    }
  }
}

// The Matrix client leaves timers behind that would keep the process for another half minute.
process.exit();
