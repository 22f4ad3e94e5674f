// Texts of tables that say something of people or of what they write: encrypted for the table, decrypted for the flows.
import type { MatrixUserId } from '../domain/ids.ts';
import type { PayloadCodec, PayloadRow } from '../domain/stored-payload.ts';
import * as ghosts from './ghosts.ts';
import * as lostLinks from './lost-links.ts';
import * as messageLinks from './message-links.ts';
import type { LinkKey } from './message-links.ts';

type Codec = Pick<PayloadCodec, 'decodeText' | 'encodeText'>;

/** Creates the functions of tables with such texts; those that touch none are as they stand in the files of the tables. */
export function createEncryptedTexts(payloads: Codec) {
  return { ...linksWith(payloads), ghosts: ghostsWith(payloads) };
}

/** Of a short message the digest alone would tell what it says: one can try out texts until one fits. */
interface WithDigest extends LinkKey {
  readonly digest?: string | undefined;
}

function linksWith({ decodeText, encodeText }: Codec) {
  const rowOf = ({ cause, part }: LinkKey): PayloadRow => ['message_link', cause, String(part)];
  const encoded = <Link extends WithDigest>(link: Link): Link =>
    link.digest === undefined ? link : { ...link, digest: encodeText(rowOf(link), link.digest) };
  const decoded = <Link extends WithDigest>(link: Link): Link =>
    link.digest === undefined ? link : { ...link, digest: decodeText(rowOf(link), link.digest) };
  const { findLinks, findLinksOfCommunication, startLink, saveSent, completeLink } = messageLinks;
  const readEncoded: Pick<
    typeof messageLinks,
    'completeLink' | 'findLinks' | 'findLinksOfCommunication' | 'saveSent' | 'startLink'
  > = {
    findLinks: async (db, of) => (await findLinks(db, of)).map(decoded),
    findLinksOfCommunication: async (db, communication, eventId) =>
      (await findLinksOfCommunication(db, communication, eventId)).map(decoded),
    startLink: (db, link) => startLink(db, encoded(link)),
    saveSent: (db, key, sent) => saveSent(db, key, encoded({ ...key, ...sent })),
    completeLink: (db, key, made) => completeLink(db, key, encoded({ ...key, ...made })),
  };
  const saveMade: typeof lostLinks.saveMade = (db, link) => lostLinks.saveMade(db, encoded(link));
  return { messageLinks: { ...messageLinks, ...readEncoded }, lostLinks: { ...lostLinks, saveMade } };
}

function ghostsWith({ decodeText, encodeText }: Codec) {
  const rowOf = (userId: MatrixUserId): PayloadRow => ['ghost', userId];
  const named: Pick<typeof ghosts, 'findGhosts' | 'saveGhostName'> = {
    findGhosts: async (db, userIds) => {
      const found = await ghosts.findGhosts(db, userIds);
      return new Map(
        [...found].map(([userId, { displayName, ...ghost }]) => [
          userId,
          { ...ghost, displayName: displayName && decodeText(rowOf(userId), displayName) },
        ]),
      );
    },
    saveGhostName: (db, userId, displayName) =>
      ghosts.saveGhostName(db, userId, encodeText(rowOf(userId), displayName)),
  };
  return { ...ghosts, ...named };
}
