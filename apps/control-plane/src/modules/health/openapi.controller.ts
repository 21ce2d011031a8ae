import { Controller, Get } from '@nestjs/common';
import { OpenApi, Public } from '../../platform/index.js';

@Controller('v1')
export class OpenApiController {
  constructor(private readonly openApi: OpenApi) {}

  @Get('openapi.json')
  @Public()
  document(): object {
    return this.openApi.document;
  }
}
