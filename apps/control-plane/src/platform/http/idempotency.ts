import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor, SetMetadata } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { GatewayError } from '@sallyport/core';
import type { Response } from 'express';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { DataSource } from 'typeorm';
import type { AuthenticatedRequest } from '../authorization/authentication.js';
import { MasterKey } from '../master-key.js';

const idempotentRoute = 'sallyport:idempotent';

/** A POST that creates: with an `Idempotency-Key`, a repetition within 24 hours gets the first answer again. */
export const Idempotent = (): MethodDecorator => SetMetadata(idempotentRoute, true);

interface Claim {
  readonly personId: string;
  /** SHA-256 of what the client sent: the answer is sealed under what it sent, which is kept nowhere. */
  readonly keyDigest: string;
  readonly key: string;
  readonly route: string;
  readonly digest: string;
}

interface StoredAnswer {
  readonly route: string;
  readonly request_digest: string;
  readonly status: number | null;
  readonly response: string | null;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  private readonly secret: Uint8Array;

  constructor(
    private readonly reflector: Reflector,
    private readonly database: DataSource,
    masterKey: MasterKey,
  ) {
    this.secret = masterKey.derive('idempotency');
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const key = request.header('idempotency-key');
    if (
      key === undefined ||
      request.authentication === undefined ||
      this.reflector.get(idempotentRoute, context.getHandler()) !== true
    )
      return next.handle();
    if (!/^[\x21-\x7e]{8,200}$/.test(key))
      throw new GatewayError('INVALID_INPUT', 'an idempotency key has 8 to 200 printable characters');
    return from(this.answer(this.claimOf(request, key), next, context.switchToHttp().getResponse<Response>()));
  }

  private claimOf(request: AuthenticatedRequest, key: string): Claim {
    return {
      personId: request.authentication!.identity.id,
      key,
      keyDigest: sha256(key),
      route: `${request.method} ${request.path}`,
      digest: sha256(JSON.stringify(request.body ?? null)),
    };
  }

  private async answer(claim: Claim, next: CallHandler, response: Response): Promise<unknown> {
    if (!(await this.claim(claim))) return this.repeat(claim, response);
    try {
      const body: unknown = await lastValueFrom(next.handle(), { defaultValue: undefined });
      await this.database.query(
        'update idempotency_keys set status = $3, response = $4 where person_id = $1 and key = $2',
        [claim.personId, claim.keyDigest, response.statusCode, this.seal(claim.key, JSON.stringify(body ?? null))],
      );
      return body;
    } catch (error) {
      await this.database.query('delete from idempotency_keys where person_id = $1 and key = $2', [
        claim.personId,
        claim.keyDigest,
      ]);
      throw error;
    }
  }

  private async claim({ personId, keyDigest, route, digest }: Claim): Promise<boolean> {
    await this.database.query(`delete from idempotency_keys where created_at < now() - interval '24 hours'`);
    const rows: unknown[] = await this.database.query(
      'insert into idempotency_keys (person_id, key, route, request_digest) values ($1, $2, $3, $4) on conflict do nothing returning key',
      [personId, keyDigest, route, digest],
    );
    return rows.length === 1;
  }

  private async repeat(claim: Claim, response: Response): Promise<unknown> {
    const [stored]: StoredAnswer[] = await this.database.query(
      'select route, request_digest, status, response from idempotency_keys where person_id = $1 and key = $2',
      [claim.personId, claim.keyDigest],
    );
    if (stored !== undefined && (stored.route !== claim.route || stored.request_digest !== claim.digest)) {
      throw new GatewayError('CONFLICT', 'this idempotency key was used for another request', {
        hint: 'make a new key for each request',
      });
    }
    if (stored?.response == null || stored.status === null) {
      throw new GatewayError('CONFLICT', 'the first request with this idempotency key has not been answered', {
        hint: 'wait, look whether it took effect, and use a new key if it did not',
      });
    }
    response.status(stored.status).setHeader('idempotency-replayed', 'true');
    return JSON.parse(this.open(claim.key, stored.response));
  }

  // Answers hold tickets and secrets that are hashed everywhere else: only who has the key can open its answer.
  private sealingKey(key: string): Uint8Array {
    return new Uint8Array(hkdfSync('sha256', this.secret, key, 'answer', 32));
  }

  private seal(key: string, text: string): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.sealingKey(key), nonce);
    return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
  }

  private open(key: string, sealed: string): string {
    const bytes = Buffer.from(sealed, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', this.sealingKey(key), bytes.subarray(0, 12), {
      authTagLength: 16,
    });
    decipher.setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString('utf8');
  }
}
