// Loaded into a replica before it starts: at SIGUSR2 its clock steps by CLOCK_STEP_MS, at the next one it steps back.

const STEP_MS = Number(process.env['CLOCK_STEP_MS'] ?? 0);
let stepMs = 0;

globalThis.Date = new Proxy(Date, {
  construct: (target, args: readonly unknown[], newTarget) =>
    // With arguments it names an instant, without any it asks the clock.
    Reflect.construct(target, args.length === 0 ? [target.now() + stepMs] : args, newTarget) as Date,
  get: (target, key, receiver) =>
    key === 'now' ? () => target.now() + stepMs : (Reflect.get(target, key, receiver) as unknown),
});
process.on('SIGUSR2', () => {
  stepMs = stepMs === 0 ? STEP_MS : 0;
});
