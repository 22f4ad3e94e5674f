// All routes that the daemon serves, as Express knows them: those that are mounted on its applications, at any depth.
import express from 'express';

interface Listed {
  readonly path: unknown;
  readonly methods: readonly string[] | undefined;
  readonly router: ListingRouter | undefined;
}
interface ListingRouter {
  readonly listRoutes: () => readonly Listed[];
}

/** The applications, in the order in which the daemon makes them. */
export const LISTENERS = ['main', 'ops', 'identity'] as const;
/** One of them. */
export type Listener = (typeof LISTENERS)[number];

/** Begins to watch which routers applications are given. @returns what tells the routes so far, such as `ops GET /health` */
export function watchServedRoutes(): () => readonly string[] {
  const routers = new Map<unknown, ListingRouter[]>();
  const { application } = express;
  const use: unknown = Reflect.get(application, 'use');
  if (typeof use !== 'function') throw new TypeError('Expected Express to have app.use');
  Reflect.set(application, 'use', function watched(this: unknown, ...given: readonly unknown[]): unknown {
    routers.set(this, [...(routers.get(this) ?? []), ...given.filter(isRouter)]);
    return Reflect.apply(use, this, given) as unknown;
  });
  return () =>
    [...routers.values()].flatMap((mounted, index) => {
      const routes = new Set(mounted.flatMap((router) => routesOf(router, '')));
      return [...routes].map((route) => `${LISTENERS[index] ?? 'another'} ${route}`);
    });
}

function isRouter(value: unknown): value is ListingRouter {
  return typeof value === 'function' && typeof Reflect.get(value, 'listRoutes') === 'function';
}

/** HEAD is answered by what answers GET; what answers all methods only says that there are others. */
const NOT_OWN: ReadonlySet<string> = new Set(['*', 'HEAD']);

function routesOf(router: ListingRouter, mount: string): readonly string[] {
  return router.listRoutes().flatMap(({ path, methods, router: mounted }) => {
    const whole = `${mount}${String(path)}`.replace(/^\/\//, '/');
    if (mounted !== undefined) return routesOf(mounted, String(path) === '/' ? mount : whole);
    return (methods ?? []).filter((method) => !NOT_OWN.has(method)).map((method) => `${method} ${whole}`);
  });
}
