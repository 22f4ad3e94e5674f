// What AuditEvents say of the bridge itself, and whose rules they follow where those differ.
import type { Coding } from 'fhir/r4.js';
import type { MatrixUserId } from '../domain/ids.ts';

/** The operator's choices. */
export interface AuditSettings {
  /** `ozo`: a search is action R where IHE BALP says E, and entities bear the resource's type where BALP says System Object. */
  readonly profile: 'generic' | 'ozo';
  /** The type of an AuditEvent which says that a person has read a message. */
  readonly readType: Coding;
  /** The extension of the agent that names the team for which they acted; undefined where the profile has none. */
  readonly agentTeamExtension: string | undefined;
  /** The types of resources to which an agent may refer; undefined where every type of FHIR is allowed. */
  readonly agentTypes: readonly string[] | undefined;
  /** Where the bridge stands: an organisation, a server. */
  readonly site: string;
  /** The bridge's own user: it names the bridge. */
  readonly bot: MatrixUserId;
  readonly fhirBaseUrl: string;
}
