// The FHIR directory of care against a real FHIR server: look-ups, trust, and what its feed tells of changes.
import { beforeAll, describe, expect, inject, test } from 'vitest';
import type { Directory } from '../../src/identity/directories/directory.ts';
import type { Threepid } from '../../src/identity/directories/directory.ts';
import type { TrustConfig } from '../../src/identity/directories/trust.ts';
import { threepid } from '../identity/directories/identity-database.ts';
import { createCareDirectory, directory, paths, remove, signal, tagged } from './care-directory.ts';

const { id, letters, organization, role, run, ura, uzi, writeOrganizations, writePeople } =
  createCareDirectory();

const resolve = (text: string, trust?: Partial<TrustConfig>) =>
  directory(trust).resolve(threepid(text), signal);
const found = (name: string) => ({ kind: 'found', userId: name });

describe.skipIf(inject('stackMissing'))('a FHIR directory of care', () => {
  beforeAll(async () => {
    await writeOrganizations();
    await writePeople();
  });

  describe('resolving', () => {
    test('a UZI number under any of its systems, and the one address of several records', async () => {
      expect(await resolve(`uzi_nr ${uzi(1)}`)).toEqual(found('@an:hs.nl'));
      expect(await resolve(`uzi_nr ${uzi(2)}`)).toEqual(found('@bo:partner.nl'));
      expect(await resolve(`uzi_nr ${uzi(99)}`)).toEqual({ kind: 'unknown' });
    });

    test('an e-mail address of the person or of a role', async () => {
      expect(await resolve(`email bo@${run}.nl`)).toEqual(found('@bo:partner.nl'));
      // The directory has it in another case, and compares by case: the local table finds it all the same.
      expect(await resolve(`email an@${run}.nl`)).toEqual({ kind: 'unknown' });
    });

    test('a contact whose period is over is nobody’s, and stands beside no present one', async () => {
      expect(await resolve(`email former@${run}.nl`)).toEqual({ kind: 'unknown' });
      expect(await resolve(`uzi_nr ${uzi(1)}`)).toEqual(found('@an:hs.nl'));
    });

    test('a number that many share finds nobody', async () => {
      expect(await resolve(`ura_nr ${ura(1)}`)).toEqual({ kind: 'ambiguous' });
      expect(await resolve(`ura_nr ${ura(3)}`)).toEqual({ kind: 'unknown' });
    });

    test('an address at a server that is not the organisation’s is not believed', async () => {
      expect(await resolve(`uzi_nr ${uzi(3)}`)).toEqual({ kind: 'unknown' });
      expect(await resolve(`uzi_nr ${uzi(7)}`)).toEqual({ kind: 'unknown' });
      expect(await resolve(`uzi_nr ${uzi(7)}`, { trustedServers: ['hs.nl'] })).toEqual(found('@loner:hs.nl'));
    });

    test('the directory is believed for the organisations it is authoritative for', async () => {
      expect(await resolve(`uzi_nr ${uzi(1)}`, { authoritativeFor: [ura(1)] })).toEqual(found('@an:hs.nl'));
      expect(await resolve(`uzi_nr ${uzi(1)}`, { authoritativeFor: [ura(2)] })).toEqual({ kind: 'unknown' });
      expect(await resolve(`uzi_nr ${uzi(1)}`, { believePublished: false })).toEqual({ kind: 'unknown' });
      // Another source's word goes before what the directory says of itself.
      const elsewhere = { homeserverOf: () => Promise.resolve('elsewhere.nl') };
      expect(await resolve(`uzi_nr ${uzi(1)}`, elsewhere)).toEqual({ kind: 'unknown' });
    });

    test('who is not active, or has left the organisation, is nobody there', async () => {
      expect(await resolve(`uzi_nr ${uzi(5)}`)).toEqual({ kind: 'unknown' });
      expect(await resolve(`uzi_nr ${uzi(6)}`)).toEqual({ kind: 'unknown' });
    });

    test('an address for each of two organisations is ambiguous', async () => {
      expect(await resolve(`uzi_nr ${uzi(4)}`)).toEqual({ kind: 'ambiguous' });
    });
  });

  test('searching finds by the beginnings of names, with all that is known', async () => {
    const entries = await directory().search(`an ${letters}`, 10, signal);
    expect(entries).toEqual([
      {
        ...{ userId: '@an:hs.nl', displayName: `an van ${letters}`, reference: `Practitioner/${id('an')}` },
        threepids: [`email an@${run}.nl`, `uzi_nr ${uzi(1)}`, `ura_nr ${ura(1)}`, 'role_code 01.015'].map(
          threepid,
        ),
      },
    ]);
    expect(await directory().search('$,|', 10, signal)).toEqual([]);
  });

  test('numbers, names and addresses are in no URL', () => {
    expect(paths.length).toBeGreaterThan(20);
    const own = new RegExp(`${run}\\d{2,3}|${letters}|@`);
    expect(paths.filter((path) => own.test(path))).toEqual([]);
  });

  describe('the feed', () => {
    /** Reads until there is nothing more; what it says of this run's people, by name. */
    async function read(mcsd: Directory, from: string | undefined) {
      const said = new Map<string, { userId: string | undefined; threepids: readonly Threepid[] }>();
      let position = from;
      const passes = new Set<string | undefined>();
      for (let done = false; !done;) {
        const page = await mcsd.list?.(position, signal);
        if (page === undefined) break;
        ({ position, done } = page);
        passes.add(page.pass);
        for (const { key, entry } of page.records) {
          const [, name] = new RegExp(`^Practitioner/m${run}-(.+)$`).exec(key) ?? [];
          if (name !== undefined)
            said.set(name, { userId: entry?.userId, threepids: entry?.threepids ?? [] });
        }
      }
      const userIds = Object.fromEntries([...said].map(([name, one]) => [name, one.userId]));
      return { position, userIds, said, passes: [...passes] };
    }

    test('tells everyone once, and then whom a change concerns', async () => {
      const mcsd = directory();
      const first = await read(mcsd, undefined);
      expect(first.userIds).toEqual({
        ...{ an: '@an:hs.nl', bo: '@bo:partner.nl', 'bo-again': '@bo:partner.nl', liar: undefined },
        ...{ double: undefined, left: undefined, was: undefined, loner: undefined },
      });
      expect(first.passes).toHaveLength(1);

      const second = await read(mcsd, first.position);
      expect(second.passes).toEqual([undefined]);
      // A role passes from one to another: it concerns both.
      await role('bo-clinic', 'double', 'clinic', { telecom: [tagged('@double:partner.nl')] });
      const third = await read(mcsd, second.position);
      expect(third.userIds).toMatchObject({ bo: undefined, double: undefined });

      await remove(`PractitionerRole/${id('double-ward')}`);
      const fourth = await read(mcsd, third.position);
      expect(fourth.userIds).toMatchObject({ double: '@double:partner.nl' });

      // An organisation's number: it concerns all who work in its departments.
      await organization('hospital', ura(4), { telecom: [tagged('hs.nl', 'matrix-homeserver')] });
      const fifth = await read(mcsd, fourth.position);
      expect(fifth.said.get('an')?.threepids).toContainEqual(threepid(`ura_nr ${ura(4)}`));

      await remove(`PractitionerRole/${id('bo-again-clinic')}`);
      await remove(`Practitioner/${id('bo-again')}`);
      const sixth = await read(mcsd, fifth.position);
      expect(sixth.userIds).toMatchObject({ 'bo-again': undefined });
      expect(await mcsd.read?.([`Practitioner/${id('bo-again')}`], signal)).toEqual([
        { key: `Practitioner/${id('bo-again')}`, entry: undefined },
      ]);
    });

    test('begins a new pass when it is time, and where a position cannot be read', async () => {
      const first = await read(directory(), 'not a position');
      expect(first.passes).toEqual([expect.any(String)]);
      const again = await read(directory({}, 0), first.position);
      expect(again.passes).toEqual([expect.any(String)]);
    });
  });
});
