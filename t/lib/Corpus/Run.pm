package Corpus::Run;

# Sends the cases of a file, over connections that are kept as long as the
# server keeps them, and judges what comes back.

use strict;
use warnings;

use Corpus ();
use Corpus::Judge ();
use Corpus::Macro ();
use Corpus::Streams ();
use IO::Select;
use JSON::PP ();
use Kanda::Answer;
use Kanda::HTTP;
use Kanda::Totp ();

my $CONNECTIONS = 4;
my $JSON = JSON::PP->new->utf8;


sub new {
    my ($class, $world) = @_;
    my @workers = $world->{k}->nginx->worker_pids;
    my @http = map { to_worker($world->{port}, $workers[$_ % @workers]) }
        1 .. $CONNECTIONS;
    my $self = bless { world => $world, http => \@http, next => 0, on => {},
                       on2 => {}, refusal => {} }, $class;

    $self->{streams} = Corpus::Streams->new($self);
    return $self;
}


# A connection to that worker: each has its own queue of new ones, and the
# kernel chooses, so that a few tries do.

sub to_worker {
    my ($port, $worker) = @_;

    for (1 .. 50) {
        my $http = Kanda::HTTP->new($port, timeout => 10);
        my $r = $http->request('GET', '/api/');
        return $http if ($r->header('x-worker') // '') eq $worker;
    }
    die "no connection reaches worker $worker\n";
}


# All cases of a file, section by section; returns the complaints.

sub file {
    my ($self, $file) = @_;
    my @bad;
    my @cases = @{ $file->{cases} };

    while (@cases) {
        my $section = $cases[0]{section};
        my @some;
        push @some, shift @cases while @cases && $cases[0]{section} eq $section;
        push @bad, $self->section($section, @some);
    }
    return @bad;
}


# The cases of a section must leave Redis as it was, but for what they say.

sub section {
    my ($self, $name, @cases) = @_;
    my $world = $self->{world};
    my $shared = grep({ ($_->{client} // '') eq 'section' } @cases)
        ? $world->client : undef;
    my $before = !$shared && delete $self->{state} || $world->state;
    my (@bad, @sent, %may);

    for my $case (@cases) {
        my $client = ($case->{client} // '') eq 'fresh' ? $world->client
                   : ($case->{client} // '') eq 'section' ? $shared : undef;
        my ($request, $values, @wrong) = $self->case($case, $client);
        push @bad, $self->told($case, $request, @wrong);
        push @sent, [ $case, $request, $values ];
        $may{$_} = 1 for @{ $case->{touches} // [] };
        @may{'^kanda:\{\w+\}(?::log.*|:life:.*|:session.*)?\z',
             '^kanda:\{accounts:\w+\}:index\z'} = (1, 1)
            if ($case->{makes} // '') eq 'account';
        $world->forget($client->{clientId})
            if $client && $client ne ($shared // '');
    }

    push @bad, $self->{streams}->section(@sent);

    # as it is now, so the next section finds it
    $self->{state} = $world->state;
    push @bad, unchanged($name, $before, $self->{state}, [ keys %may ]);

    if ($shared) {
        push @bad, $self->still_right($name, $shared);
        delete $self->{state};
    }
    return @bad;
}


sub unchanged {
    my ($name, $before, $after, $may) = @_;
    my @changed = grep { my $key = $_; !grep { $key =~ /$_/ } @$may }
        Corpus::World::changes($before, $after);
    return map { "[$name] changed $_" } @changed;
}


# After all that: the code that was bent is true when it is straight.

sub still_right {
    my ($self, $name, $client) = @_;
    my $world = $self->{world};
    my $verdict = $world->{k}->validate($world->{owner}, $client->{clientId},
                                  Kanda::Totp::totp($client->{secret}));
    $world->forget($client->{clientId});
    return $verdict eq 'true'
        ? () : "[$name] the right code afterwards: $verdict";
}


sub told {
    my ($self, $case, $request, @bad) = @_;
    return if !@bad;

    my $values = $self->{world}{values};
    my $short = sub {
        my ($s, $n) = @_;
        $s =~ s/\Q$values->{$_}\E/\${$_}/g for qw(TOKEN KEY PASSWORD);
        $s =~ s/([^\x20-\x7e])/sprintf '\\x%02x', ord $1/ge;
        return length $s > $n ? substr($s, 0, $n) . '...' : $s;
    };
    return "[$case->{section}] $case->{name}\n    sent "
        . $short->($request->{text}, 600) . "\n"
        . join "\n", map { '    ' . $short->($_, 500) } @bad;
}


sub case {
    my ($self, $case, $client) = @_;
    my $values = $self->{world}->values_for($client);
    my $request = eval { $self->request($case, $values) }
        or return { text => '', path => '' }, $values, "cannot be built: $@";

    my @answers = $self->exchange($case, $request);
    return ($request, $values,
            $self->judged($case, $request, \@answers, $values));
}


sub judged {
    my ($self, $case, $request, $answers, $values) = @_;
    my @bad = Corpus::Judge::complaints($case, $request, $answers, $values);

    push @bad, $self->same_refusal($request, $answers->[0]) if !@bad;
    push @bad, $self->made($case, $request, $answers->[0]) if !@bad;
    push @bad, $self->then($case, $values) if !@bad;
    return @bad;
}


# The bytes of a case's request.

sub request {
    my ($self, $case, $values) = @_;

    if ($case->{raw}) {
        my $text = Corpus::Macro::expand(join('', @{ $case->{raw} }), $values);
        my ($method, $path) = $text =~ /^\s*(\S*) (\S*)/;
        my ($head) = split /\r?\n\r?\n/, $text, 2;
        return { text => $text, raw => 1, method => $method // '',
                 path => $path // '', body => '',
                 bearer => scalar $head =~ /^Authorization: Bearer \S/im,
                 tried => scalar $head =~ /^(?:Authorization|x-api-key):/im };
    }

    my $made = $self->token($case, $values);
    my $x = sub {
        my ($s) = @_;
        $s = Corpus::Macro::expand($s, $values);
        $s =~ s/%%/$made/g if defined $made;
        return $s;
    };

    my $line = $x->($case->{request});
    my ($method, $path) = $line =~ /^(\S*) ?(.*)\z/s;
    my @headers = map { $x->($_) } @{ $case->{header} // [] };
    my $body = defined $case->{body} ? $x->($case->{body}) : undef;
    my $type = $case->{type} // (defined $body ? 'application/json' : 'none');
    my $length = $case->{length} // (defined $body ? length $body : 'none');

    push @headers, "Authorization: Bearer $values->{TOKEN}"
        if $case->{auth} eq 'token';
    push @headers, 'Content-Type: ' . $x->($type) if $type ne 'none';
    push @headers, "Content-Length: $length" if $length ne 'none';

    return {
        text   => join("\r\n", "$method $path HTTP/1.1", 'Host: localhost',
                       @headers, '', $body // ''),
        method => $method,
        path   => $path,
        headers => \@headers,
        body   => $body // '',
        bearer => scalar grep({ /^authorization:\s*bearer +\S/i } @headers),
        tried  => scalar grep({ /^(?:authorization|x-api-key):/i } @headers),
    };
}


sub token {
    my ($self, $case, $values) = @_;
    return if !exists $case->{recipe};

    my $maker = $self->{world}{ $case->{recipe} eq 'session' ? 'session'
                                                             : 'token' };
    my $token = $maker->make(Corpus::Macro::expand($case->{text}, $values));
    $self->{world}->secret($maker->{signature});
    return $token;
}


sub exchange {
    my ($self, $case, $request) = @_;
    my $http = $self->{http}[ $self->{next}++ % $CONNECTIONS ];

    $http->send($request->{text});

    return $self->all($http, $request->{text})
        if $case->{expect} =~ /;|^close\z/ && !$case->{read};

    shutdown $http->{socket}, 1
        if ($case->{read} // '') eq 'hangup' && $http->{socket};
    my $r = $http->receive(head => $request->{method} eq 'HEAD');

    # What is left of a connection after this is nothing to rely on.
    $http->close if $case->{read} || $request->{raw}
        || ($case->{length} // 'none') =~ /\d/;

    $self->{on}{ $r->header('x-worker') }++ if $r->header('x-worker');
    my $stray = length $http->{buffer};
    $http->close if $stray;
    return ($r, $stray ? Kanda::Answer->none('more than was asked for') : ());
}


# Every answer until the server hangs up.

sub all {
    my ($self, $http, $text) = @_;
    my $buffer = '';
    my $select = IO::Select->new($http->{socket} // return);

    while ($select->can_read(3)) {
        last if !sysread $http->{socket}, $buffer, 65536, length $buffer;
    }
    $http->close;

    my $head = $text =~ /^HEAD /;
    my @answers;
    while (my $r = Kanda::Answer->take(\$buffer, eof => 1, head => $head)) {
        push @answers, $r;
        undef $head;
    }
    return @answers;
}


# One body for every bad token: S23.

sub same_refusal {
    my ($self, $request, $r) = @_;

    return if !$r || $r->status != 401 || $request->{method} eq 'HEAD';
    return if ($r->header('www-authenticate') // '') !~ /invalid_token/;

    my $kind = $request->{path} eq '/api/totp/validate' ? 'validate' : '';
    my $first = $self->{refusal}{$kind} //= $r->{body};
    return $r->{body} eq $first ? () : "another body than before: $r->{body}";
}


# What was made is looked at and thrown away.

sub made {
    my ($self, $case, $request, $r) = @_;
    my $makes = $case->{makes} // return;
    my $world = $self->{world};

    return if $r->status != 201;
    my $out = $r->json // return 'an answer we cannot read';

    if ($makes eq 'client') {
        my $body = $request->{body};
        $body = (split /\r?\n\r?\n/, $request->{text}, 2)[1]
            if $request->{raw};
        return $self->made_client($body, $case, $r);
    }

    if ($makes eq 'key') {
        $world->secret($out->{apiKey});
        my $gone = $world->{k}->delete("/apikeys/$out->{id}", $world->{owner});
        return $gone->status == 200 ? () : "deleting: $gone->{status}";
    }

    return if $request->{path} =~ m{^/auth/};
    my $email = $JSON->decode($request->{body})->{email} =~ tr/A-Z/a-z/r;
    return "email $out->{email}" if $out->{email} ne $email;
    return;
}


sub made_client {
    my ($self, $body, $case, $r) = @_;
    my $world = $self->{world};
    my $id = $r->json->{clientId};

    utf8::encode($id);
    $world->secret($r->json->{secret}) if $body !~ /"secret"/;

    my @bad = $body =~ /^\s*\{/ ? Corpus::Judge::registered($body, $r) : ();
    my $path = '/totp/' . Corpus::Judge::uri($id);
    my $found = $world->{k}->get($path, $world->{owner});
    push @bad, "looking for it: $found->{status} $found->{body}"
        if $found->status != 200
        || $found->json->{clientId} ne $r->json->{clientId};
    my $gone = $world->{k}->delete($path, $world->{owner});
    push @bad, "deleting it: $gone->{status}" if $gone->status != 200;
    return @bad;
}


# then METHOD path | expectation | body

sub then {
    my ($self, $case, $values) = @_;
    my @bad;

    for my $step (@{ $case->{then} // [] }) {
        my ($line, $expect, $body) = split / \| /, $step, 3;
        my $next = { auth => $case->{auth}, request => $line,
                     expect => $expect, body => $body };
        my $request = $self->request($next, $values);
        my @answers = $self->exchange($next, $request);
        push @bad, map { "then $line: $_" }
            Corpus::Judge::complaints($next, $request, \@answers, $values);
    }
    return @bad;
}


1;
