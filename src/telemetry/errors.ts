// The error catalogue: for each code, whether to retry, and the text for the operator.

/** What an error means for the item that met it. */
interface ErrorEntry {
  /** `retry` holds up the item's own conversation and tries again; `dead` makes it a dead letter at once. */
  readonly verdict: 'retry' | 'dead';
  /** After so many attempts that failed with this code it becomes a dead letter; undefined: only the time limit of the inbox counts. */
  readonly attempts?: number | undefined;
  /** What happened and how to repair it, for the operator. */
  readonly operator: string;
}

const retried = (operator: string, attempts?: number): ErrorEntry => ({
  verdict: 'retry',
  attempts,
  operator,
});
const deadLetter = (operator: string): ErrorEntry => ({ verdict: 'dead', operator });

/** The catalogue. Codes are stable: they stand in logs, dead letters and the error page. */
export const errorCatalogue = {
  'matrix-unavailable': retried(
    'The homeserver did not answer, or answered with a server error. Check that it runs and is reachable.',
  ),
  'matrix-rate-limited': retried(
    'The homeserver limits the rate of requests. Set rate_limited: false in the registration.',
  ),
  'matrix-token': retried(
    'The homeserver does not accept the as_token. Compare it with the registration; restart Synapse after a change.',
  ),
  'matrix-refused': deadLetter(
    'The homeserver refused the request for good. The Matrix error code says why.',
  ),
  'matrix-too-large': deadLetter(
    'The homeserver does not take an event of this size. The platform that wrote the message is told by a Task.',
  ),
  'matrix-answer': retried(
    'The homeserver’s answer has not the form that the specification gives. Check for a proxy in between.',
  ),
  'room-foreign': deadLetter(
    'The alias of this resource and its spare both belong to rooms that may not be taken over. Remove one from its room, then retry the dead letter.',
  ),
  'room-gone': retried(
    'The homeserver does not know a room any more that was made on it. It is made anew; what was said in it is gone. See the page on restoring.',
    20,
  ),
  'room-too-large': deadLetter(
    'A CareTeam or CommunicationRequest names more people than people.mostPerRoom. Its space or room stays as it is. Correct the resource, or raise the limit; then retry the dead letter.',
  ),
  'not-invited': deadLetter(
    'The sender of the Communication was not invited to this conversation of another organisation, so no one can say it there. Ask that organisation to invite them.',
  ),
  'sender-unknown': deadLetter(
    'A message was held for retention.heldMessagesDays, and FHIR does not know its sender still. Add their Matrix address to their entry, then retry the dead letter.',
  ),
  'database-unavailable': retried(
    'The bridge’s database did not answer, or gave up a statement. Check that it runs, is reachable, and has room left.',
  ),
  'room-unfinished': retried('A room is being made and is not finished yet.'),
  'fhir-unavailable': retried(
    'The FHIR server did not answer, or answered with a server error. Check that it runs and is reachable.',
  ),
  'fhir-failed': retried(
    'The FHIR server answered 500 to an AuditEvent. Its log says why. See the page on the audit trail.',
  ),
  'fhir-rate-limited': retried('The FHIR server limits the rate of requests.'),
  'fhir-token': retried(
    'The FHIR server refuses all requests: it does not accept the credentials. Check fhir.bearerToken.',
  ),
  'fhir-forbidden': retried(
    'The FHIR server does not let the bridge read or write one resource, though it takes other requests. Give the bridge’s user access to it, then retry the dead letter.',
    10,
  ),
  'fhir-conflict': retried(
    'A resource was changed by another system at the same moment. It is read and written again.',
  ),
  'fhir-refused': deadLetter(
    'The FHIR server refused the resource for good. The issue codes of its OperationOutcome say why.',
  ),
  'fhir-too-large': deadLetter(
    'The FHIR server, or a proxy before it, does not take a resource of this size. Raise its limit, then retry the dead letter.',
  ),
  'fhir-foreign': deadLetter(
    'Under the id or identifier of what the bridge writes stands something that it did not write. Find out who put it there, remove it, then retry the dead letter.',
  ),
  'fhir-answer': retried(
    'The FHIR server’s answer has not the form that FHIR R4 gives. Check for a proxy in between.',
  ),
  'pseudonym-unavailable': retried(
    'The pseudonym service did not answer, or answered with a server error. Check invitations.tokenUrl and resolverUrl.',
  ),
  'pseudonym-credentials': retried(
    'The pseudonym service does not accept the credentials. Check invitations.bearerToken.',
  ),
  'pseudonym-refused': deadLetter(
    'The pseudonym service refused the request for good; its own log says why. Mend that, then retry the dead letter.',
  ),
  'pseudonym-answer': retried(
    'The pseudonym service’s answer has not the form of its contract, or its token reads as a BSN. See the page on the pseudonym service.',
  ),
  'directory-unavailable': retried(
    'A directory of people did not answer in time, or answered with a server error. Check that it runs and is reachable.',
  ),
  'directory-token': retried(
    'A directory of people does not accept the bridge’s credentials, or gives them too few rights.',
  ),
  'directory-refused': deadLetter('A directory of people refused a request for good. The status says why.'),
  'directory-answer': retried(
    'A directory’s answer has not the form that its interface gives, or points to another server. Check for a proxy in between.',
  ),
  'directory-address': deadLetter(
    'A directory’s address is on a private network or not encrypted, and its allowPrivateAddresses is off.',
  ),
  'directory-certificate': retried(
    'A directory of people and the bridge do not accept each other’s certificates. Check its ca, cert and key, and when they end.',
  ),
  'directory-conflict': retried(
    'A person’s record in your own directory was changed by another system at the same moment.',
  ),
  'reference-missing': retried(
    'A resource refers to another that is not on the server yet. It is looked for again.',
  ),
  'file-unreachable': retried(
    'The host of an attached file did not answer, or did not give the file. After attachments.retrySeconds the message goes on without it.',
  ),
  'scanner-unavailable': retried(
    'The scanner gave no verdict on a file. Check attachments.scanner, and whether the scanner takes files of that size. After attachments.retrySeconds the message goes on without the file.',
  ),
  'version-missing': deadLetter(
    'The FHIR server does not keep the version that a message had before an edit, so that the edit could not be taken back after it was redacted. Correct the record by hand.',
  ),
  'item-malformed': deadLetter(
    'An item in the inbox has not the form this version writes. It may come from another version.',
  ),
  'item-unknown': deadLetter(
    'For ten minutes no replica knew what this item is: a newer version wrote it. Bring all replicas up to date, then retry the dead letter.',
  ),
  'item-unstorable': deadLetter(
    'A server sent something that cannot be stored: it lacks an id, is nested too deep, or is not what it should be. All else went on. The dead letter names it; look at it on that server, then discard the dead letter.',
  ),
  'payload-key-missing': retried(
    'A row of the bridge’s database was encrypted with a key that this replica does not have; the message names it. Add it to database.encryptionKeys, before or behind the others. While a new key is rolled out, it waits for a replica that has it.',
  ),
  'payload-unreadable': retried(
    'A row of the bridge’s database cannot be decrypted: it was altered, cut off or moved, or the key has the id of another. Compare the files of database.encryptionKeys; if they are right, restore the row from a backup.',
    20,
  ),
  unexpected: retried(
    'An unexpected error: a fault of the bridge. Please report it with its stack from the log.',
    20,
  ),
};

export type ErrorCode = keyof typeof errorCatalogue;

/** Tells whether a code is of the catalogue; the inbox has a few of its own. */
export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

/**
 * An error of the catalogue. Its message goes to logs and dead letters: `detail` holds terms such as status and
 * error codes, never what a person wrote or who they are.
 */
export class BridgeError extends Error {
  readonly code: ErrorCode;
  /** The time that the other side asked to wait before the next attempt, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  constructor(
    code: ErrorCode,
    detail: string,
    { cause, retryAfterMs }: { cause?: unknown; retryAfterMs?: number | undefined } = {},
  ) {
    super(`${code}: ${detail}`, { cause });
    this.name = 'BridgeError';
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}
