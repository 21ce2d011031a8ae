import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { RateLimiter } from '../../../platform/index.js';

// A path of this server and nothing that a browser could read as another one (`//host`, `/\host`).
const localPath = /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,500}$/;

/** Before the browser leaves for the issuer: how often, and where it wants to come back to. */
@Injectable()
export class LoginStartGuard implements CanActivate {
  constructor(private readonly limiter: RateLimiter) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    this.limiter.take('login', `address ${request.ip ?? ''}`);
    const wanted = request.query['return_to'];
    if (typeof wanted === 'string' && localPath.test(wanted)) request.session.returnTo = wanted;
    else delete request.session.returnTo;
    return true;
  }
}
