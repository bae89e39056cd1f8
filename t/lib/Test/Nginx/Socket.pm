package Test::Nginx::Socket;

# Runs Test::Nginx's data-driven blocks where the original is not installed:
# on libtest-base-perl, for the sections that our tests use, and no more.
# It stands last in @INC, so that the original goes first wherever it is.
#
# Unlike the original it keeps connections alive between requests, keeps the
# blocks in order, and runs nginx with a master process.

use strict;
use warnings;

use Kanda::Answer;
use Kanda::Home;
use Kanda::HTTP;
use Kanda::Nginx;
use Test::More ();
use Test::Base ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(
    run_tests repeat_each workers master_on master_off log_level no_shuffle
    no_long_string no_root_location worker_connections server_port
    server_port_for_client server_root html_dir server_name timeout
    env_to_nginx add_block_preprocessor add_cleanup_handler bail_out
);

my %set = (repeat_each => 1, workers => 1, log_level => 'info',
           worker_connections => 1024, server_name => 'localhost',
           timeout => 3, no_root_location => 0);
my (@preprocessors, @cleanups, @env);
my ($nginx, $http, $config, $log_start);


sub import {
    my ($class, @args) = @_;
    my $caller = caller;

    eval "package $caller; Test::Base->import; 1" or die $@;

    no strict 'refs';
    no warnings 'redefine';
    *{"${caller}::$_"} = \&$_ for @EXPORT;

    if (@args) {
        &{"${caller}::plan"}(@args);
    }
}


# Settings: called with a value they set, without one they tell.

for my $name (keys %set) {
    no strict 'refs';
    *$name = sub {
        $set{$name} = $name eq 'no_root_location' ? 1 : $_[0]
            if @_ || $name eq 'no_root_location';
        return $set{$name};
    };
}

sub no_shuffle     { }
sub no_long_string { }
sub master_on      { }
sub master_off     { }

sub add_block_preprocessor { push @preprocessors, $_[0] }
sub add_cleanup_handler    { push @cleanups, $_[0] }
sub env_to_nginx           { push @env, @_ }
sub bail_out               { Test::More::BAIL_OUT($_[0]) }

sub server_port            { the_nginx()->port }
sub server_port_for_client { the_nginx()->port }
sub server_root            { the_nginx()->dir }
sub html_dir               { the_nginx()->dir . '/html' }

END { $_->() for @cleanups }


sub the_nginx {
    my $port = $ENV{TEST_NGINX_PORT};
    return $nginx //= Kanda::Nginx->new($port ? (port => $port) : ());
}


sub run_tests {
    for my $block (Test::Base::blocks()) {
        $_->($block) for @preprocessors;
        serve($block);
        run_block($block, $_) for 1 .. $set{repeat_each};
    }
}


# Starts nginx for a block, or leaves it when the configuration is the same.

sub serve {
    my ($block) = @_;
    my $text = configuration($block);

    return if defined $config && $config eq $text;

    $http->close if $http;
    the_nginx()->quit if the_nginx()->pid;
    $nginx->{conf} = $config = $text;
    $nginx->{workers} = $set{workers};
    $nginx->start;
    $http = Kanda::HTTP->new($nginx->port);
}


sub configuration {
    my ($block) = @_;
    my %part = map { $_ => expand($block->$_ // '') }
                   qw(main_config http_config config);
    my $nginx = the_nginx();
    my ($dir, $port) = ($nginx->dir, $nginx->port);
    my $load = join '', map { "load_module $_;\n" } Kanda::Nginx::modules();
    my $user = $> == 0 && $part{main_config} !~ /^\s*user\s/m
               ? "user root;\n" : '';
    my $env = join '', map { "env $_;\n" } @env;
    my $temp = join '', map { "    ${_}_temp_path $dir/$_;\n" }
                        qw(client_body proxy fastcgi uwsgi scgi);
    my $root = $set{no_root_location} ? '' : "location / {
            root $dir/html;
            index index.html index.htm;
        }";

    return <<"END";
$load$user${env}daemon off;
worker_processes $set{workers};
pid $dir/nginx.pid;
error_log $nginx->{log} $set{log_level};
$part{main_config}
events {
    worker_connections $set{worker_connections};
}

http {
    access_log $dir/logs/access.log;
    default_type text/plain;
    keepalive_timeout 68;
$temp
$part{http_config}
    server {
        listen 127.0.0.1:$port;
        server_name $set{server_name};
        client_max_body_size 30M;
$part{config}
        $root
    }
}
END
}


sub expand {
    my ($text) = @_;
    $text =~ s/\$(TEST_NGINX_[_A-Z0-9]+)/$ENV{$1} \/\/ die "no $1\n"/eg;
    return $text;
}


# A block's requests and what it expects of each answer.

sub run_block {
    my ($block, $round) = @_;
    my $name = $block->name . ($round > 1 ? " (round $round)" : '');
    my $many = $block->pipelined_requests || ref $block->request;
    my @texts = requests($block);
    my $i = 0;

    $http->{timeout} = $block->timeout // $set{timeout};
    $http->close if defined $block->raw_request;
    $log_start = -s $nginx->{log};

    # pipelined requests are one text with several answers
    if ($block->pipelined_requests) {
        my @heads = map { /^\s*HEAD\s/ ? 1 : 0 } @texts;
        $http->send(join '', @texts);
        @texts = map { { head => $_ } } @heads;
    }

    for my $text (@texts) {
        my %o = ref $text ? %$text : (head => scalar $text =~ /^\s*HEAD\s/);

        $http->send($text) if !ref $text;
        my $answer = $http->receive(%o);

        if (!defined $block->ignore_response) {
            check_answer($block, $name, $answer, sub {
                my ($value) = @_;
                return ref $value eq 'ARRAY' ? $value->[$many ? $i : 0]
                                             : $value;
            });
        }

        sleep $block->wait if $block->wait;
        check_log($block, $name);
        $i++;
    }

    $http->close if defined $block->raw_request
                    || defined $block->ignore_response;
}


sub requests {
    my ($block) = @_;
    my $raw = $block->raw_request;

    return ref $raw ? join '', @$raw : $raw if defined $raw;

    my $what = $block->pipelined_requests // $block->request
        // bail_out($block->name . ': no request');
    my $i = 0;

    return map {
        my $more = $block->more_headers // '';
        request_text($_, ref $more ? $more->[$i++] : $more);
    } ref $what ? @$what : $what;
}


# METHOD URI [VERSION], then the body: as it is written, less the blanks
# around it, unless a header says its length or that it is chunked.

sub request_text {
    my ($text, $more) = @_;

    return join '', @$text if ref $text;

    $text =~ s/^(?:\s*#[^\n]*\n)*\s*//;
    my ($line, $body) = split /\n/, $text, 2;
    my ($method, $uri, $version) = split ' ', $line;
    my @headers = grep { !/^\s*(?:#|$)/ } split /\n+/, $more;

    $uri //= '/';
    $version //= 'HTTP/1.1';

    if (defined $body && $body ne ''
        && $more !~ /^(?:Content-Length|Transfer-Encoding:\s*chunked)/mi)
    {
        $body =~ s/^\s+|\s+$//g;
        push @headers, 'Content-Length: ' . length $body;
    }

    unshift @headers, "Host: $set{server_name}" if $more !~ /^Host:/mi;

    return join("\r\n", "$method $uri $version", @headers, '', '')
           . ($body // '');
}


sub check_answer {
    my ($block, $name, $answer, $this) = @_;
    my $code = $answer->{status} || '';

    if (defined $block->error_code_like) {
        my $pattern = $this->($block->error_code_like);
        Test::More::like($code, qr/$pattern/sm, "$name - status");

    } else {
        my $expected = $this->($block->error_code) // 200;
        $expected =~ s/\s+//g;
        Test::More::is($code, $expected, "$name - status")
            || Test::More::diag($answer->{error} // $answer->{body});
    }

    for my $like (qw(like unlike)) {
        my $section = "raw_response_headers_$like";
        next if !defined $block->$section;
        my $pattern = $this->($block->$section);
        Test::More->can($like)->($answer->{raw}, qr/$pattern/s,
                                 "$name - raw headers $like");
    }

    check_headers($block, $name, $answer, $this);
    check_body($block, $name, $answer, $this);
}


sub check_headers {
    my ($block, $name, $answer, $this) = @_;
    my $exact = defined $block->response_headers;
    my $lines = $this->($exact ? $block->response_headers
                               : $block->response_headers_like);

    for my $line (grep { /\S/ } split /\n/, $lines // '') {
        if ($line =~ /^\s*!\s*(\S+)/) {
            Test::More::ok(!defined $answer->header($1),
                           "$name - header $1 not present");
            next;
        }

        my ($key, $value) = $line =~ /^\s*([^:\s]+)\s*:\s*(.*?)\s*$/;
        my $got = $answer->header($key) // '';

        $exact ? Test::More::is($got, $value, "$name - header $key")
               : Test::More::like($got, qr/^$value$/, "$name - header $key");
    }
}


sub check_body {
    my ($block, $name, $answer, $this) = @_;
    my $body = $answer->{body};

    if (defined $block->response_body) {
        my $expected = $this->($block->response_body);

        ref $expected ? Test::More::like($body, $expected, "$name - body")
                      : Test::More::is($body, $expected, "$name - body");

    } elsif (defined $block->response_body_like) {
        my $pattern = $this->($block->response_body_like);
        Test::More::like($body, qr/$pattern/s, "$name - body like");

    } elsif (defined $block->response_body_unlike) {
        my $pattern = $this->($block->response_body_unlike);
        Test::More::unlike($body, qr/$pattern/s, "$name - body unlike");
    }
}


# error_log and no_error_log: lines of text, a pattern, or a list of both.

sub check_log {
    my ($block, $name) = @_;

    for my $pattern (patterns($block->error_log)) {
        my $end = time + 1;
        sleep 0.02 until log_has($pattern) || time > $end;
        Test::More::ok(log_has($pattern), "$name - in the log: $pattern");
    }

    for my $pattern (patterns($block->no_error_log)) {
        Test::More::ok(!log_has($pattern),
                       "$name - not in the log: $pattern");
    }
}


sub patterns {
    my ($what) = @_;

    return if !defined $what;
    return ref $what eq 'ARRAY' ? @$what : $what if ref $what;
    return grep { length } split /\n+/, $what;
}


sub log_has {
    my ($pattern) = @_;
    my $text = substr Kanda::Home::slurp($nginx->{log}), $log_start // 0;
    return scalar grep { ref $pattern ? /$pattern/ : /\Q$pattern\E/ }
                       split /^/, $text;
}

1;
