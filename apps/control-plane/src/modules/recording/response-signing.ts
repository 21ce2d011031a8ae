import { type AgentId, GatewayError } from '@sallyport/core';
import {
  countersign,
  decodeFooter,
  type FooterSigner,
  type SignedFooter,
  signAlone,
  verifyFooter,
} from '@sallyport/evidence';
import type { AgentKeys } from '../agents/agent-keys.js';
import type { ResponseRecording } from './response-recording.js';

export interface SignedResponse {
  readonly recording: SignedFooter;
  /** Who signed it, where it is another agent than the session was started with. */
  readonly agent?: AgentId;
  /** What the agent signed is not what was recorded here; then the control plane has signed alone. */
  readonly mismatch?: GatewayError;
}

/** Both signatures under the recorded responses of one session, or the control plane's alone, as it is. */
export class ResponseSigning {
  constructor(
    private readonly signer: FooterSigner,
    private readonly agents: Pick<AgentKeys, 'find'>,
    private readonly startedWith: AgentId | undefined,
  ) {}

  /**
   * @param claim what the agent signed; absent where the session broke before it could
   * @throws GatewayError RECORDING_UNAVAILABLE
   */
  async sign(recording: ResponseRecording, claim: string | undefined): Promise<SignedResponse> {
    try {
      if (claim !== undefined) return await this.signTogether(recording, decodeFooter(claim));
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'EVIDENCE_INCONSISTENT') throw error;
      return { ...(await this.alone(recording)), mismatch: error };
    }
    return this.alone(recording);
  }

  private async signTogether(
    recording: ResponseRecording,
    claim: ReturnType<typeof decodeFooter>,
  ): Promise<SignedResponse> {
    const known = await this.agents.find(claim.agent.key);
    if (known === undefined || !verifyFooter('agent', claim, known.publicKey))
      throw new GatewayError('EVIDENCE_INCONSISTENT', 'a recording is not signed by an agent that is enrolled here');
    await recording.whole(claim.footer.chunks);
    if (recording.footer.chunks < claim.footer.chunks) return this.alone(recording); // it broke on the way
    const signed = countersign(claim, recording.footer, this.signer);
    return { recording: signed, ...(known.agent === this.startedWith ? {} : { agent: known.agent }) };
  }

  private async alone(recording: ResponseRecording): Promise<SignedResponse> {
    await recording.whole(0);
    return { recording: signAlone(recording.footer, this.signer) };
  }
}
