// Personal data and secrets that stand in every example, and nowhere else: where they turn up besides, something has leaked.

/** The text of messages. */
export const SAID = 'Vertrouwelijkewoorden';
/** The family name of people. */
export const FAMILY = 'Kanariesma';
/** A number of the form of a BSN, from the range for tests. */
export const BSN = '999990032';
/** An e-mail address. */
export const EMAIL = 'kanarievogel@post.example';
/** The names of files. */
export const FILE_NAME = 'uitslagvankanarie';

/** What the two servers and callers show. */
export const SECRETS = {
  hsToken: 'geheime-hs-token-0123456789',
  asToken: 'geheime-as-token-0123456789',
  hookSecret: 'geheime-hook-secret-0123456789',
  backendSecret: 'geheime-backend-secret-0123456789',
  openId: 'geheime-openid-token',
} as const;

const CANARIES: Readonly<Record<string, string>> = {
  ...{ text: SAID, name: FAMILY, bsn: BSN, email: 'kanarievogel', file: FILE_NAME },
  ...SECRETS,
};

/** The text without them: what a mutant moves elsewhere is there by its own doing. */
export function withoutCanaries(text: string): string {
  return Object.values(CANARIES).reduce(
    (left, canary) => left.replaceAll(new RegExp(canary, 'gi'), 'moved'),
    text,
  );
}

/** Which of them a text holds, in whatever case. */
export function canariesIn(text: string): readonly string[] {
  const lower = text.toLowerCase();
  return Object.entries(CANARIES).flatMap(([what, canary]) =>
    lower.includes(canary.toLowerCase()) ? [what] : [],
  );
}
