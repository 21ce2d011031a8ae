/** One client's connection, from its first byte to its last: what every protocol over HTTP does alike. */
import type { Lobby } from '@sallyport/engine';
import { type Client, enter, type Versions } from './door.js';
import type { HttpServers } from './http-servers.js';
import type { Incoming } from './incoming.js';

export interface Serving {
  readonly lobby: Lobby;
  readonly servers: HttpServers;
  /** Whether a client may ask for a host by CONNECT. */
  readonly proxy: boolean;
  /** HTTP/2 first where absent. */
  readonly prefers?: Versions;
  /** Rejects only where even a refusal cannot be said. */
  readonly answer: (incoming: Incoming) => Promise<void>;
}

/** Resolves when the client has gone. */
export async function serveClient(client: Client, serving: Serving): Promise<void> {
  const { lobby, servers, proxy, prefers = 'http2First', answer } = serving;
  client.on('error', () => client.destroy());
  const deadline = setTimeout(() => client.destroy(), lobby.limits.startupMs);
  try {
    const socket = await enter(client, lobby, { proxy, prefers });
    if (socket === undefined) return;
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    servers.serve(socket, (incoming) => {
      answer(incoming).catch((error: unknown) => {
        lobby.log('call.failed', { error });
        incoming.destroy(); // one client's answer must never be the end of everybody's gateway
      });
    });
    clearTimeout(deadline);
    await closed;
  } finally {
    clearTimeout(deadline);
  }
}
