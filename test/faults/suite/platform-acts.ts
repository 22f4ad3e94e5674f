// What a platform does on the FHIR server: writes messages, answers and files, changes them, enters them in error, deletes them.
import { communication } from '../../../stack/demo/care-network.ts';
import { EVENT_ID_SYSTEM } from '../../../src/domain/fhir.ts';
import type { PatientPlatform } from '../../../stack/clients.ts';
import type { SentConversation, SentMessage } from './sent.ts';
import { nextText, nextVersion, peekToken, pick, sha1, type Acts, type Speaking } from './speak.ts';

/** All that a platform may do. @param prefix begins the ids of its resources */
export function platformActs(
  platform: PatientPlatform,
  speaking: Speaking & { readonly prefix: string },
): Acts {
  const { conversation, random, prefix } = speaking;
  const { messages } = conversation;
  const own = () => messages.filter(({ by, isGone }) => by === 'platform' && !isGone);
  const write = async (
    over: object = {},
    sent: Partial<SentMessage> = {},
    extra: readonly object[] = [],
  ): Promise<true> => {
    const { token, text } = nextText(speaking);
    const id = `${prefix}${token.replaceAll(/[^a-z0-9]/g, '')}`;
    const payload = [{ contentString: text }, ...extra];
    await platform.put({ ...communication(prefix, conversation.id, text), ...over, id, payload });
    messages.push({
      ...{ by: 'platform', id, token, kind: 'text', text },
      isGone: false,
      reactions: [],
      ...sent,
    });
    return true;
  };
  return [
    { weight: 8, act: () => write() },
    {
      weight: 3,
      async act() {
        const target = await recordedByUser(platform, conversation, random);
        if (target === undefined) return false;
        const inResponseTo = [{ reference: `Communication/${target.record}` }];
        return write({ inResponseTo }, { answers: { by: 'user', id: target.eventId } });
      },
    },
    {
      weight: 2,
      act() {
        const bytes = Buffer.from(`%PDF-1.7\n${speaking.name} ${random()}`);
        const contentAttachment = {
          ...{ contentType: 'application/pdf', data: bytes.toString('base64') },
          title: `${peekToken(speaking)}.pdf`,
        };
        const file = { name: contentAttachment.title, sha1: sha1(bytes) };
        return write({}, { file }, [{ contentAttachment }]);
      },
    },
    {
      weight: 3,
      async act() {
        const withoutFile = own().filter(({ file }) => file === undefined);
        const target = pick(withoutFile, random);
        if (target === undefined) return false;
        const text = nextVersion(target);
        await platform.change(`Communication/${target.id}`, (latest) => ({
          ...latest,
          payload: [{ contentString: text }],
        }));
        target.text = text;
        return true;
      },
    },
    {
      weight: 1,
      async act() {
        const target = pick(own(), random);
        if (target === undefined) return false;
        await platform.change(`Communication/${target.id}`, (latest) => ({
          ...latest,
          status: 'entered-in-error',
        }));
        target.isGone = true;
        return true;
      },
    },
    {
      weight: 1,
      async act() {
        const target = pick(own(), random);
        if (target === undefined) return false;
        await platform.remove(`Communication/${target.id}`);
        target.isGone = true;
        return true;
      },
    },
  ];
}

/** A message of a user that the platform sees on its server. */
async function recordedByUser(
  platform: PatientPlatform,
  { id, messages }: SentConversation,
  random: () => number,
): Promise<{ readonly eventId: string; readonly record: string } | undefined> {
  const bundle = (await platform.read(
    `Communication?part-of=CommunicationRequest/${id}&status=completed&_count=500`,
  )) as { entry?: { resource: { id: string; identifier?: { system?: string; value?: string }[] } }[] };
  const found = (bundle.entry ?? []).flatMap(({ resource }) => {
    const eventId = resource.identifier?.find(({ system }) => system === EVENT_ID_SYSTEM)?.value;
    const isOfUser = messages.some((message) => message.by === 'user' && message.id === eventId);
    return eventId !== undefined && isOfUser ? [{ eventId, record: resource.id }] : [];
  });
  return pick(found, random);
}
