// The pictures of ghosts, on Synapse and on the stub alike.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Subject } from './subject.ts';
import { HOMESERVERS, startSubject } from './subject.ts';

const PIXEL = 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7';

describe.each(HOMESERVERS)('$name', ({ name, isMissing }) => {
  describe.skipIf(isMissing)('pictures', () => {
    let hs: Subject;
    beforeAll(async () => {
      hs = await startSubject(name);
    });
    afterAll(() => hs.end());

    test('are uploaded by a ghost, shown in its profile, and taken away again', async () => {
      const ghost = await hs.ghost('pictured');
      const shown = async () =>
        (await hs.ask('GET', `/profile/${encodeURIComponent(ghost)}`)).body['avatar_url'];
      const bytes = Uint8Array.from(Buffer.from(PIXEL, 'base64'));
      const url = await hs.homeserver.upload(ghost, { contentType: 'image/gif', bytes });
      expect(url).toMatch(new RegExp(`^mxc://${hs.serverName}/`));
      await hs.homeserver.setAvatar(ghost, url);
      expect(await shown()).toBe(url);
      await hs.homeserver.setAvatar(ghost, undefined);
      expect(await shown()).toBeUndefined();
    });
  });
});
