import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Query } from '@nestjs/common';
import type { Identity, PersonId } from '@sallyport/core';
import { Caller, Id, type Page, PageQuery, Requires } from '../../platform/index.js';
import { UpdatePersonBody } from './people.dto.js';
import { PeopleService } from './people.service.js';
import type { PersonView } from './person-view.js';

@Controller('v1/people')
export class PeopleController {
  constructor(private readonly people: PeopleService) {}

  @Get()
  @Requires('person.read')
  list(@Query() query: PageQuery): Promise<Page<PersonView>> {
    return this.people.list(query);
  }

  @Patch(':id')
  @Requires('person.write')
  update(@Caller() by: Identity, @Param('id', Id) id: PersonId, @Body() body: UpdatePersonBody): Promise<PersonView> {
    return this.people.update(by, id, body);
  }

  @Delete(':id/grants')
  @Requires('person.end-grants')
  @HttpCode(204)
  endGrants(@Caller() by: Identity, @Param('id', Id) id: PersonId): Promise<void> {
    return this.people.endGrants(by, id);
  }
}
