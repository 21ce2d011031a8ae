import { Injectable, type OnModuleInit, RequestMethod } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { publicRoute, requiredPermission } from './decorators.js';
import type { Permission } from './permissions.js';

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly handler: string;
  readonly access: Permission | 'public';
}

/** A controller's class or one of its methods: what decorators put their metadata on. */
type Callable = (...values: never[]) => unknown;

interface Handler {
  readonly controller: Callable;
  readonly handler: Callable;
  readonly name: string;
}

/** Every route with its permission; a route with neither `@Requires` nor `@Public` stops the start-up. */
@Injectable()
export class RouteInventory implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    this.routes();
  }

  /** @throws Error naming the routes that nobody has decided about */
  routes(): readonly Route[] {
    const undecided: string[] = [];
    const routes = this.handlers().flatMap(({ controller, handler, name }) => {
      const access = this.accessOf(controller, handler);
      if (access === undefined) undecided.push(name);
      return access === undefined ? [] : [{ ...this.pathOf(controller, handler), handler: name, access }];
    });
    if (undecided.length > 0) throw new Error(`routes with neither @Requires nor @Public: ${undecided.join(', ')}`);
    return routes.sort((a, b) => a.path.localeCompare(b.path) || a.method.localeCompare(b.method));
  }

  private handlers(): Handler[] {
    return this.discovery.getControllers().flatMap(({ metatype }) => {
      if (typeof metatype !== 'function') return [];
      const prototype = metatype.prototype as Record<string, Callable>;
      return this.scanner
        .getAllMethodNames(prototype)
        .filter((name) => Reflect.hasMetadata(METHOD_METADATA, prototype[name]!))
        .map((name) => ({
          controller: metatype as Callable,
          handler: prototype[name]!,
          name: `${metatype.name}.${name}`,
        }));
    });
  }

  private accessOf(controller: Callable, handler: Callable): Permission | 'public' | undefined {
    const targets = [handler, controller] as Parameters<Reflector['getAllAndOverride']>[1];
    if (this.reflector.getAllAndOverride<boolean | undefined>(publicRoute, targets) === true) return 'public';
    return this.reflector.getAllAndOverride<Permission | undefined>(requiredPermission, targets);
  }

  private pathOf(controller: Callable, handler: Callable): { method: string; path: string } {
    const parts = [Reflect.getMetadata(PATH_METADATA, controller), Reflect.getMetadata(PATH_METADATA, handler)] as (
      | string
      | undefined
    )[];
    const path = parts.flatMap((part) => (part ?? '').split('/')).filter((part) => part !== '');
    return {
      method: RequestMethod[Reflect.getMetadata(METHOD_METADATA, handler) as number]!,
      path: `/${path.join('/')}`,
    };
  }
}
