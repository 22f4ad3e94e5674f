// What becomes of a person's joining or leaving by Matrix: written to FHIR, proposed, left to convergence, or nothing.
import type { FhirProfile } from '../fhir-profiles/fhir-profile.ts';
import type { MembershipPolicy } from '../room-changes.ts';
import {
  isExpressible,
  isNamed,
  namesGroups,
  withMember,
  withoutMember,
  type Moment,
  type PersonReference,
  type Roster,
} from './membership.ts';

/** What is known so far; what is left out was not asked for yet. */
export interface MembershipFacts<Read extends Roster = Roster> {
  readonly policy: MembershipPolicy;
  readonly profile: Pick<FhirProfile, 'requestNeeds' | 'targets'>;
  readonly membership: 'join' | 'leave' | 'ban' | 'invite' | 'knock';
  readonly moment: Moment;
  /** Whether they came in by the rule by which the bridge opened the room to its team's space. */
  readonly isByJoinRule?: boolean;
  /** Whose account it is; `moved` stands for a person who is in the room, or invited, with another account. */
  readonly person?: PersonReference | 'unmapped-member' | 'moved';
  /** The CareTeam or CommunicationRequest as it is now. */
  readonly roster?: Read | 'gone';
  /** Whether they were a member at the last convergence, or one was about to bring them in. */
  readonly isAgreedOn?: boolean;
  /** Whether a team or organisation that the resource names brings them in. */
  readonly isInGroup?: boolean;
  /** Whether they are in the room, or invited, by now. */
  readonly isPresent?: boolean;
}

/** A fact that is asked for when the others do not decide: each costs a request. */
export type MissingFact = 'person' | 'roster' | 'isAgreedOn' | 'isInGroup' | 'isPresent';

/** Why nothing is carried. */
type NotCarried =
  | 'gone'
  | 'moved'
  | 'not-a-member'
  | 'not-expressible'
  | 'not-joined-yet'
  | 'status'
  | 'superseded'
  | 'unmapped-member';

/** What is to be done, or what has to be known first. */
export type MembershipDecision<Read extends Roster = Roster> =
  | { readonly kind: 'ask'; readonly fact: MissingFact }
  | { readonly kind: 'ignore'; readonly reason: NotCarried }
  /** Convergence has the word: it removes, brings back, or lets a former account leave. */
  | { readonly kind: 'converge' }
  /** FHIR names them no more either: they belong to the base no longer, or who adds them again would be taken to overrule them. */
  | { readonly kind: 'forget' }
  | {
      readonly kind: 'write' | 'suggest';
      readonly action: 'add' | 'remove';
      readonly person: PersonReference;
      readonly before: Read;
      readonly after: Roster;
    };

/** Decides, or asks. */
export function decideMembership<Read extends Roster>(
  facts: MembershipFacts<Read>,
): MembershipDecision<Read> {
  const { policy, membership, moment, person, roster, isAgreedOn } = facts;
  if (membership === 'invite' || membership === 'knock') return ignore('not-joined-yet');
  // FHIR leads: convergence removes who came and brings back who went.
  if (policy === 'ignore') return { kind: 'converge' };
  // No one let them in, so this says nothing new of who takes part. Convergence knows whether they belong here.
  if (facts.isByJoinRule === true) return { kind: 'converge' };
  if (person === undefined) return ask('person');
  if (typeof person === 'string') return ignore(person);
  if (roster === undefined) return ask('roster');
  if (roster === 'gone') return ignore('gone');
  if (roster.status === 'entered-in-error') return ignore('status');
  if (isAgreedOn === undefined) return ask('isAgreedOn');
  const action = membership === 'join' ? 'add' : 'remove';
  // They followed the bridge's own invitation; if FHIR has dropped them since, joining does not bring them back.
  if (action === 'add' && isAgreedOn) return { kind: 'converge' };
  const after = action === 'add' ? withMember(roster, person, moment) : withoutMember(roster, person, moment);
  // An account joined whose person FHIR has in the room: one they had before can leave now.
  if (after === undefined)
    return action === 'add' ? { kind: 'converge' } : decideUnlisted(facts, person, roster);
  if (!isExpressible(after, person, facts.profile)) return ignore('not-expressible');
  const doubt = doubtOf(facts, action);
  return doubt ?? { kind: policy === 'suggest' ? 'suggest' : 'write', action, person, before: roster, after };
}

/** Of a person who left and is no participant or recipient. */
function decideUnlisted<Read extends Roster>(
  facts: MembershipFacts<Read>,
  person: PersonReference,
  roster: Read,
): MembershipDecision<Read> {
  const { moment, isAgreedOn, isInGroup } = facts;
  if (isNamed(roster, person, moment.now)) return ignore('not-expressible');
  if (isAgreedOn !== true) return ignore('not-a-member');
  if (namesGroups(roster, moment.now)) {
    if (isInGroup === undefined) return ask('isInGroup');
    if (isInGroup) return ignore('not-expressible');
  }
  return doubtOf(facts, 'remove') ?? { kind: 'forget' };
}

/** The room may have gone on since: only what still holds is carried, and what came after has an event of its own. */
function doubtOf(
  { isPresent }: MembershipFacts,
  action: 'add' | 'remove',
): Extract<MembershipDecision, { kind: 'ask' | 'ignore' }> | undefined {
  if (isPresent === undefined) return ask('isPresent');
  return isPresent === (action === 'add') ? undefined : ignore('superseded');
}

function ask(fact: MissingFact): { readonly kind: 'ask'; readonly fact: MissingFact } {
  return { kind: 'ask', fact };
}

function ignore(reason: NotCarried): { readonly kind: 'ignore'; readonly reason: NotCarried } {
  return { kind: 'ignore', reason };
}
