"""Judges html/openapi.json and answers of the server against it.

    check.py openapi.json answers

Each line of answers is a JSON object: operation ("post /api/auth/login"),
status, type (of content) and body, in Base64. Prints one line for each
complaint, and what it looked at.
"""

import base64
import json
import sys

from jsonschema import Draft202012Validator, FormatChecker, RefResolver

METHODS = ('get', 'post', 'delete', 'put', 'patch', 'head', 'options')
complaints = 0


def complain(text):
    global complaints
    complaints += 1
    print(text)


def resolve(doc, node):
    while '$ref' in node:
        place = doc
        for part in node['$ref'].removeprefix('#/').split('/'):
            place = place[part]
        node = place
    return node


def validator(doc, schema):
    return Draft202012Validator(
        schema, resolver=RefResolver('', doc), format_checker=FormatChecker())


def errors(doc, schema, value):
    return [f'{"/".join(map(str, e.absolute_path))}: {e.message}'
            for e in validator(doc, schema).iter_errors(value)]


def schemas(node):
    """All schemas in a part of the document, with the examples of each."""
    if isinstance(node, dict):
        if isinstance(node.get('schema'), dict):
            yield node['schema'], [node[k] for k in ('example',) if k in node]
        for child in node.values():
            yield from schemas(child)
    elif isinstance(node, list):
        for child in node:
            yield from schemas(child)


def check_document(doc):
    if not doc['openapi'].startswith('3.1.'):
        complain('not OpenAPI 3.1')

    for name, schema in doc['components']['schemas'].items():
        Draft202012Validator.check_schema(schema)
        for example in schema.get('examples', []):
            for e in errors(doc, schema, example):
                complain(f'example of {name}: {e}')

    for schema, examples in schemas(doc):
        Draft202012Validator.check_schema(schema)
        for example in examples:
            for e in errors(doc, schema, example):
                complain(f'example {json.dumps(example)[:60]}: {e}')

    seen = set()
    tags = {t['name'] for t in doc['tags']}

    for path, methods in doc['paths'].items():
        for method, op in methods.items():
            where = f'{method} {path}'

            if method not in METHODS:
                complain(f'{where}: no method')
            if op['operationId'] in seen:
                complain(f'{where}: its operationId is taken')
            seen.add(op['operationId'])
            if not set(op['tags']) <= tags:
                complain(f'{where}: a tag without a description')

            given = [resolve(doc, p) for p in op.get('parameters', [])]
            named = {p['name'] for p in given if p['in'] == 'path'}
            parts = {p[1:-1] for p in path.split('/') if p.startswith('{')}
            if named != parts:
                complain(f'{where}: path parameters {named} for {parts}')

            for use in op.get('security', doc['security']):
                for scheme in use:
                    if scheme not in doc['components']['securitySchemes']:
                        complain(f'{where}: no security scheme {scheme}')

            for status, answer in op['responses'].items():
                if not resolve(doc, answer).get('description'):
                    complain(f'{where}: {status} is not described')

    return len(seen)


def check_answer(doc, answer):
    method, path = answer['operation'].split(' ', 1)
    where = f"{answer['operation']} {answer['status']}"
    documented = doc['paths'][path][method]['responses']
    found = documented.get(str(answer['status']))

    if found is None:
        complain(f'{where} is not documented')
        return

    found = resolve(doc, found)
    kind = answer['type'].split(';')[0]
    media = found['content'].get(kind)

    if media is None:
        complain(f'{where}: {kind} is not documented')
        return

    for name, header in found.get('headers', {}).items():
        header = resolve(doc, header)
        given = answer['headers'].get(name.lower())
        if given is not None and 'schema' in header:
            value = int(given) if header['schema'].get('type') == 'integer' \
                else given
            for e in errors(doc, header['schema'], value):
                complain(f'{where}: {name}: {e}')

    body = base64.b64decode(answer['body'])

    if kind.endswith('json'):
        for e in errors(doc, media['schema'], json.loads(body)):
            complain(f'{where}: {e} in {body.decode()[:200]}')


def main():
    with open(sys.argv[1], encoding='utf-8') as f:
        doc = json.load(f)

    operations = check_document(doc)
    answers = 0

    with open(sys.argv[2], encoding='utf-8') as f:
        for line in f:
            check_answer(doc, json.loads(line))
            answers += 1

    print(f'{operations} operations, {answers} answers, '
          f'{complaints} complaints')


main()
