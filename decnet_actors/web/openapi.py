"""This module writes the OpenAPI 3.1 document of the REST interface from the operations registry."""

import types
import typing
from collections.abc import Iterable, Sequence
from typing import Any

import attrs
import msgspec

from decnet_actors.contracts.operation_table import AnyOperation
from decnet_actors.contracts.operations import Mode, Nothing, Role
from decnet_actors.web.addresses import Access, Address, Answer, Place
from decnet_actors.web.conditional import is_change, is_resource
from decnet_actors.web.identity import SECURE_COOKIE
from decnet_actors.web.rest import NDJSON, PREFIX, path_parameters

Json = dict[str, Any]  # Any: JSON
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_REF = "#/components/schemas/{name}"
_PROBLEM: Json = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "code": {"type": "string", "pattern": "^DN[0-9]{4}$"},
        "request_id": {"type": "string"},
        "fix": {"type": "array", "items": {"type": "string"}},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_BYTES: Json = {
    "type": "object",
    "description": "What a peer sent: escaped to be shown, and exactly.",
    "required": ["text", "base64"],
    "properties": {"text": {"type": "string"}, "base64": {"type": "string", "contentEncoding": "base64"}},
}
_TAG: Json = {"ETag": {"description": "Names the state that is shown.", "schema": {"type": "string"}}}
_ERRORS = {
    "401": "Not signed in",
    "403": "Not allowed, or not from our own pages",
    "404": "No such object",
    "409": "The name, or what it stands for, is taken",
    "412": "The object is in another state than If-Match says",
    "422": "Arguments are not valid",
    "428": "If-Match is missing",
    "429": "Too many requests; Retry-After tells how long to wait",
    "500": "A defect of ours",
}
_SECURITY: list[Json] = [{"cookie": []}, {"bearer": []}]
_PRECONDITION = frozenset({"412", "428"})  # of changes to one thing alone


def document(
    operations: Iterable[AnyOperation], addresses: Sequence[Address], *, version: str, cookie: str = SECURE_COOKIE
) -> Json:
    """Return the OpenAPI document.

    Args:
        operations: those without a route are left out.
        addresses: what is answered besides.
        version: of the daemon.
        cookie: name of the session cookie.

    """
    routed = [operation for operation in operations if operation.route is not None]
    types_used: list[Any] = []  # Any: type forms
    wanted = [cls for operation in routed for cls in (operation.args, operation.result)]
    for address in addresses:
        wanted += [address.body] if address.body is not None else []
        wanted += [shape for answer in address.answers.values() for shape in answer.shapes]
    for cls in wanted:
        if cls not in types_used:
            types_used.append(cls)
    schemas, components = msgspec.json.schema_components(types_used, ref_template=_REF)
    schemas, components = tuple(map(_with_bytes, schemas)), {name: _with_bytes(c) for name, c in components.items()}
    by_type = list(zip(types_used, schemas, strict=True))
    paths: Json = {}
    for operation in routed:
        route = operation.route
        if route is not None:
            entry = _operation(
                operation, _lookup(by_type, operation.args), _lookup(by_type, operation.result), components
            )
            paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = entry
    for address in addresses:
        paths.setdefault(address.described_path, {})[address.method.lower()] = _address(address, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "DECNET", "version": version, "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": "/"}],
        "paths": paths,
        "security": _SECURITY,
        "components": {
            "schemas": {**components, "Bytes": _BYTES, "HttpProblem": _PROBLEM},
            "securitySchemes": {
                "cookie": {"type": "apiKey", "in": "cookie", "name": cookie},
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "dnt_..."},
            },
            "responses": {
                status: {
                    "description": text,
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/HttpProblem"}}},
                }
                for status, text in _ERRORS.items()
            },
        },
    }


def _with_bytes(schema: Any) -> Any:  # Any: JSON
    """Replace msgspec's idea of bytes in JSON by ours, which ``domain.codec.plain`` writes."""
    if isinstance(schema, list):
        return [_with_bytes(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("contentEncoding") == "base64":
        return {"$ref": _REF.format(name="Bytes")}
    return {key: _with_bytes(value) for key, value in schema.items()}


def _lookup(pairs: Sequence[tuple[Any, Json]], wanted: Any) -> Json:  # Any: type forms
    return next(schema for cls, schema in pairs if cls == wanted)


def _operation(operation: AnyOperation, args: Json, result: Json, components: Json) -> Json:
    route = operation.route
    if route is None:
        raise ValueError(f"{operation.name} has no route")
    names = path_parameters(route.path)
    properties, required = _properties(args, components)
    helps = {field.name: field.metadata.get("help", "") for field in attrs.fields(_origin(operation.args))}
    in_body = route.method in WITH_BODY
    parameters = [
        {
            "name": name,
            "in": "path" if name in names else "query",
            "required": name in names or name in required,
            "description": helps.get(name, ""),
            "schema": schema,
        }
        for name, schema in properties.items()
        if name in names or not in_body
    ]
    content = NDJSON if operation.mode is Mode.STREAM else "application/json"
    entry: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.noun],
        "x-role": operation.role.value,
        "x-audit": operation.audit.value,
        "parameters": parameters,
        "responses": {
            "200": {"description": "Done", "content": {content: {"schema": result}}},
            **_refusals(status for status in _ERRORS if status not in _PRECONDITION),
        },
    }
    if operation.outlasts:
        entry["responses"]["202"] = {
            "description": "Accepted: the work goes on, and the answer's operation tells how",
            "headers": {"Location": {"description": "The operation.", "schema": {"type": "string"}}},
            "content": entry["responses"]["200"]["content"],
        }
    if is_resource(operation):
        parameters.append(
            _header("If-None-Match", "ETags of the states the caller has; one of them is not sent again.")
        )
        entry["responses"]["200"]["headers"] = _TAG
        entry["responses"]["304"] = {"description": "The caller has this state", "headers": _TAG}
    if is_change(operation):
        text = "ETag of the state the change is meant for, as GET answers it; * for any."
        parameters.append({**_header("If-Match", text), "required": True})
        entry["responses"] |= _refusals(_PRECONDITION)
    if in_body and operation.args is not Nothing:
        body = {
            name: {**schema, "description": helps.get(name, "")}
            for name, schema in properties.items()
            if name not in names
        }
        entry["requestBody"] = {
            "required": any(name in required for name in body),
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "properties": body,
                        "required": [name for name in required if name in body],
                        "additionalProperties": False,
                    }
                }
            },
        }
    return entry


def _refusals(statuses: Iterable[str]) -> Json:
    return {status: {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}


def _header(name: str, text: str) -> Json:
    return {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}


def _properties(schema: Json, components: Json) -> tuple[Json, list[str]]:
    while "$ref" in schema:
        schema = components[schema["$ref"].rpartition("/")[2]]
    return schema.get("properties", {}), schema.get("required", [])


def _origin(cls: Any) -> type[Any]:  # Any: a class or a generic alias of one
    origin = typing.get_origin(cls)
    return origin if isinstance(origin, type) and not isinstance(cls, types.UnionType) else cls


def _address(address: Address, by_type: Sequence[tuple[Any, Json]]) -> Json:  # Any: type forms
    entry: Json = {
        "operationId": address.name,
        "summary": address.summary,
        "tags": [address.name.partition(".")[0]],
        "parameters": [
            {
                "name": parameter.name,
                "in": parameter.place.value,
                "required": parameter.place is Place.PATH,
                "description": parameter.help,
                "schema": {"type": parameter.type},
            }
            for parameter in address.parameters
        ],
        "responses": {
            **{status: _answer(answer, by_type) for status, answer in address.answers.items()},
            **_refusals(address.refusals),
        },
    }
    if address.access is Access.SIGNED_IN:
        entry["x-role"] = Role.VIEWER.value
    else:
        entry["security"] = [{}, *_SECURITY] if address.access is Access.EITHER else []
    if address.body is not None:
        entry["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _lookup(by_type, address.body)}},
        }
    return entry


def _answer(answer: Answer, by_type: Sequence[tuple[Any, Json]]) -> Json:  # Any: type forms
    shapes = [_lookup(by_type, shape) for shape in answer.shapes]
    schema = {"anyOf": shapes} if len(shapes) > 1 else shapes[0] if shapes else {}
    return {"description": answer.help, "content": {answer.content: {"schema": schema}}}
