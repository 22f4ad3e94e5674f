// Durations: written in the file in the unit that their key names (`timeoutSeconds`), read by the program in milliseconds (`timeoutMs`).

const UNITS = { Seconds: 1_000, Minutes: 60_000, Hours: 3_600_000, Days: 86_400_000 } as const;
type Unit = keyof typeof UNITS;

/** A section whose keys `…Seconds`, `…Minutes`, `…Hours` and `…Days` have become `…Ms`. */
type InMilliseconds<Section> = {
  [Key in keyof Section as Key extends `${infer Name}${Unit}` ? `${Name}Ms` : Key]: Section[Key];
};

/** The transform of every schema that has durations. The schema of the file itself stays as it is written there. */
export function inMilliseconds<Section extends object>(section: Section): InMilliseconds<Section> {
  const entries = Object.entries(section).map(([key, value]: [string, unknown]) => {
    const [, name, unit] = /^(.+)(Seconds|Minutes|Hours|Days)$/.exec(key) ?? [];
    return name === undefined || typeof value !== 'number'
      ? [key, value]
      : [`${name}Ms`, value * UNITS[unit as Unit]];
  });
  return Object.fromEntries(entries) as InMilliseconds<Section>;
}
