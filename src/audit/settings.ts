// What AuditEvents say of the bridge itself, and whose rules they follow where those differ.
import type { MatrixUserId } from '../domain/ids.ts';

/** The operator's choices. */
export interface AuditSettings {
  /** `ozo`: a search is action R where IHE BALP says E, and entities bear the resource's type where BALP says System Object. */
  readonly profile: 'generic' | 'ozo';
  /** Where the bridge stands: an organisation, a server. */
  readonly site: string;
  /** The bridge's own user: it names the bridge. */
  readonly bot: MatrixUserId;
  readonly fhirBaseUrl: string;
}
