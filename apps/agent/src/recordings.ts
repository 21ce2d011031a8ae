import { createPrivateKey } from 'node:crypto';
import type { SessionId } from '@sallyport/core';
import type { ResponseRecording, TargetHost } from '@sallyport/engine';
import {
  encodeFooter,
  type FooterSigner,
  footerSigner,
  payloadsOf,
  RecordingChain,
  type RecordingId,
  signAsAgent,
} from '@sallyport/evidence';
import type { AgentIdentity } from '@sallyport/tunnel';

/** The agent's word about what it has sent: chained as it goes out, signed by the key of the agent's certificate. */
export class Recordings {
  private signer: FooterSigner;

  constructor(
    identity: AgentIdentity,
    private readonly now: () => Date,
  ) {
    this.signer = signerOf(identity);
  }

  /** The certificate was renewed. */
  signWith(identity: AgentIdentity): void {
    this.signer = signerOf(identity);
  }

  of(session: SessionId): Pick<TargetHost, 'session' | 'recording'> {
    return { session, recording: (operation) => this.begin({ session, operation }) };
  }

  private begin(id: RecordingId): ResponseRecording {
    const chain = new RecordingChain(id);
    return {
      add: (piece) => {
        const at = this.now();
        // The control plane cuts each piece the same way, or it would come to another chain.
        for (const payload of payloadsOf(piece)) chain.record('toClient', payload, at);
        return at;
      },
      footer: () => encodeFooter(signAsAgent(chain.footer(), this.signer)),
    };
  }
}

const signerOf = ({ privateKey }: AgentIdentity): FooterSigner => footerSigner(createPrivateKey(privateKey));
