// What the peer uses of matrix-appservice-bridge, whose own types are not installed beside the bridge, and what it is told.

/** The library. */
export interface Library {
  readonly AppServiceRegistration: {
    readonly fromObject: (registration: Readonly<Record<string, unknown>>) => object;
  };
  readonly Bridge: new (options: {
    readonly homeserverUrl: string;
    readonly domain: string;
    readonly registration: object;
    readonly disableStores: boolean;
    readonly queue: { readonly type: 'per_room'; readonly perRequest: boolean };
    readonly controller: {
      readonly onUserQuery: () => object;
      readonly onEvent: (request: LibraryRequest) => void;
    };
  }) => {
    readonly run: (port: number) => Promise<void>;
    readonly close: () => Promise<void>;
    readonly getIntent: (userId: string) => {
      readonly sendText: (roomId: string, text: string) => Promise<unknown>;
    };
  };
}

/** An event on its way through the library. */
export interface LibraryRequest {
  readonly getData: () => MatrixEvent;
  readonly outcomeFrom: (outcome: Promise<unknown>) => Promise<void>;
}

/** An event of a room. */
export interface MatrixEvent {
  readonly type: string;
  readonly event_id: string;
  readonly room_id: string;
  readonly origin_server_ts: number;
  readonly content: {
    readonly body: string;
    readonly 'm.relates_to'?: { readonly rel_type?: string; readonly event_id: string };
    readonly 'm.new_content'?: { readonly body: string };
  };
}

/** What the peer is told, in `PEER_OPTIONS`. */
export interface PeerOptions {
  /** A file beside `node_modules` with the library. */
  readonly modules: string;
  /** Where it takes transactions. */
  readonly port: number;
  /** Where it takes hooks. */
  readonly hookPort: number;
  /** Of the homeserver. */
  readonly domain: string;
  readonly homeserverUrl: string;
  readonly fhirUrl: string;
  readonly registration: Readonly<Record<string, unknown>>;
  /** The rooms, by the id of their CommunicationRequest. */
  readonly rooms: Readonly<Record<string, string>>;
}
