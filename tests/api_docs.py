"What is missing in the documentation of a module: every public function, method and class has one line and a comment a parameter"
import ast, io, tokenize

EVENTS = ('before_', 'after_') # fastai's callbacks: the name says when, and the class what for
INHERITED = ('forward', 'encodes', 'decodes', 'reset_parameters') # torch's and fastai's own names

def comments(
    source, # Python source
): # Line numbers from 1
    "Lines that end in a comment"
    return {token.start[0] for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type == tokenize.COMMENT}

def public(name): return not name.startswith('_')

def own_nodes(function):
    "Nodes of a function without those of the functions inside it"
    waiting = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)): waiting += ast.iter_child_nodes(node)

def parameters(function, method):
    "Parameters that need a comment, each with the line on which its default ends"
    given = function.args
    plain = [*given.posonlyargs, *given.args]
    ends = {id(argument):default.end_lineno for argument, default in zip(plain[len(plain)-len(given.defaults):], given.defaults)}
    ends |= {id(argument):default.end_lineno for argument, default in zip(given.kwonlyargs, given.kw_defaults) if default}
    arguments = [*plain, *given.kwonlyargs, *[extra for extra in (given.vararg, given.kwarg) if extra]]
    if arguments and (method or arguments[0].arg == 'self'): arguments = arguments[1:]
    return [(argument.arg, ends.get(id(argument), argument.end_lineno)) for argument in arguments]

def is_property(function): return any(ast.unparse(decorator).split('.')[-1] in ('property', 'cached_property') for decorator in function.decorator_list)

def gives_something(function):
    "Whether a function returns anything but None"
    returned = [node.value for node in own_nodes(function) if isinstance(node, ast.Return)]
    return any(value is not None and not (isinstance(value, ast.Constant) and value.value is None) for value in returned)

def function_gaps(function, name, noted, method=False):
    "What one function lacks"
    line, static = ast.get_docstring(function), any(ast.unparse(decorator) == 'staticmethod' for decorator in function.decorator_list)
    named_by_others = function.name == '__init__' or function.name.startswith(EVENTS) or function.name in INHERITED
    if not named_by_others and (not line or '\n' in line): yield f'{name}: one-line docstring'
    given = parameters(function, method and not static)
    lines = [end for _, end in given]
    for argument, end in given:
        if end not in noted or lines.count(end) > 1: yield f'{name}: comment on {argument}'
    begins = function.returns.end_lineno if function.returns else max(lines)+1 if lines else function.lineno
    if gives_something(function) and not noted & {begins, *range(begins, function.body[0].lineno)}: yield f'{name}: comment on what it returns'

def class_gaps(node, noted, known):
    "What one class lacks; `known` are the properties that some class of the module explains"
    line = ast.get_docstring(node)
    if not line or '\n' in line: yield f'{node.name}: one-line docstring'
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and is_dataclass(node) and item.end_lineno not in noted: yield f'{node.name}: comment on {item.target.id}'
        if not isinstance(item, ast.FunctionDef) or not (public(item.name) or item.name == '__init__'): continue
        if not is_property(item): yield from function_gaps(item, f'{node.name}.{item.name}', noted, method=True)
        elif item.name not in known: yield f'{node.name}.{item.name}: docstring or comment'

def is_dataclass(node): return any('dataclass' in ast.unparse(part) or 'NamedTuple' in ast.unparse(part) for part in [*node.decorator_list, *node.bases])

def missing_docs(
    source, # Source of a module
): # Sentences, one for each gap; empty when nothing is missing
    "Gaps in the documentation of a module"
    noted, tree = comments(source), ast.parse(source).body
    classes = [node for node in tree if isinstance(node, ast.ClassDef)]
    known = {item.name for node in classes for item in node.body if isinstance(item, ast.FunctionDef) and (ast.get_docstring(item) or item.lineno in noted)}
    gaps = [gap for node in tree if isinstance(node, ast.FunctionDef) and public(node.name) for gap in function_gaps(node, node.name, noted)]
    return gaps + [gap for node in classes if public(node.name) for gap in class_gaps(node, noted, known)]
