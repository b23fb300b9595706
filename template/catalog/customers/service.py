"""The service for customers, and the base of services for what belongs to a customer."""

import json
from typing import TypeVar

from sqlalchemy import String, cast, select

from ...core.resource import Conditions, Resource
from ...core.schemas import ListQuery
from .models import Customer, CustomerPart
from .schemas import CustomerQuery

PartT = TypeVar("PartT", bound=CustomerPart)


class CustomerService(Resource[Customer]):
    """Customers of the current organisation. The e-mail address of a customer is unique, unless the customer is deleted."""

    model = Customer
    name = "customer"
    searchable = ("name", "email")

    def _conditions(self, query: ListQuery) -> Conditions:
        conditions = super()._conditions(query)
        if isinstance(query, CustomerQuery) and query.tag:
            # The quotes make it a whole tag, which has no quotes itself.
            conditions.append(cast(Customer.tags, String).contains(json.dumps(query.tag), autoescape=True))
        return conditions


class PartService(Resource[PartT]):
    """Records that belong to a customer: they are not found while the customer is deleted."""

    def _visible(self) -> Conditions:
        return [self.model.customer_id.in_(select(Customer.id))]
