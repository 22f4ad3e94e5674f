// Who is to be in a room after random edits, worked out from FHIR by itself: by other code than the bridge's.
import type { Platform } from '../../stack/demo/platform.ts';
import { ghostOf } from '../e2e/rooms.ts';

interface Reference {
  readonly reference: string;
}
interface Named {
  readonly status?: string;
  readonly active?: boolean;
  readonly period?: { readonly end?: string };
  readonly practitioner?: Reference;
  readonly recipient?: readonly Reference[];
  readonly requester?: Reference;
  readonly participant?: readonly {
    readonly member: Reference;
    readonly period?: { readonly end?: string };
  }[];
  readonly telecom?: readonly { readonly value: string }[];
}

/** The people that FHIR has in a room. */
export interface WantedMembers {
  /** Named by the resource itself, as someone who can leave in its words. */
  readonly byThemselves: ReadonlySet<string>;
  /** Through a team, an organisation, or as requester: who leaves, FHIR cannot tell. */
  readonly otherwise: ReadonlySet<string>;
}

/** Reads whom a CareTeam or CommunicationRequest stands for; undefined where it is not active. */
export async function wantedMembers(
  platform: Platform,
  reference: string,
): Promise<WantedMembers | undefined> {
  const read = async (of: string): Promise<Named> => (await platform.read(of)) as Named;
  const resource = await read(reference);
  if (resource.status !== 'active') return undefined;
  const byThemselves = new Set<string>();
  const otherwise = new Set<string>(resource.requester === undefined ? [] : [resource.requester.reference]);

  async function addStaff(organization: string): Promise<void> {
    const found = await platform.search(`PractitionerRole?organization=${organization}&_count=100`);
    const present = (found as readonly Named[]).filter(
      ({ active, period, practitioner }) =>
        active !== false && period?.end === undefined && practitioner !== undefined,
    );
    for (const { practitioner } of present) otherwise.add(practitioner?.reference ?? '');
    if (present.length === 0) byThemselves.add(organization);
  }
  async function add(named: string, into: Set<string>, seen: ReadonlySet<string>): Promise<void> {
    const [type] = named.split('/');
    if (type === 'PractitionerRole') into.add((await read(named)).practitioner?.reference ?? named);
    else if (type === 'Organization') await addStaff(named);
    else if (type !== 'CareTeam') into.add(named);
    else if (!seen.has(named)) {
      const team = await read(named);
      const isAtWork = team.status === 'active' || team.status === 'suspended';
      for (const member of isAtWork ? presentIn(team) : [])
        await add(member, otherwise, new Set([...seen, named]));
    }
  }
  const direct = [...presentIn(resource), ...(resource.recipient ?? []).map((each) => each.reference)];
  for (const named of direct) await add(named, byThemselves, new Set());
  return { byThemselves, otherwise };
}

function presentIn({ participant = [] }: Named): readonly string[] {
  return participant.filter(({ period }) => period?.end === undefined).map(({ member }) => member.reference);
}

/** A person's account, by their telecom, else by an operator's word, else their ghost. */
export async function accountOf(
  platform: Platform,
  reference: string,
  linked: ReadonlyMap<string, string>,
): Promise<string> {
  const { telecom = [] } = (await platform.read(reference)) as Named;
  const published = telecom.find(({ value }) => value.startsWith('@'))?.value;
  return published ?? linked.get(reference) ?? ghostOf(reference);
}
