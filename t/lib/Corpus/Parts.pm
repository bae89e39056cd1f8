package Corpus::Parts;

# What rules of the grammar are made with: choices, fields, and a request.

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(one maybe quoted strings bearer made);


sub one { return $_[rand @_] }
sub maybe { my $n = shift; return int(rand $n) ? () : @_ }


# A JSON string; what is passed in has nothing to escape but these.

sub quoted {
    my ($text) = @_;
    $text =~ s/(["\\])/\\$1/g;
    return qq{"$text"};
}

sub strings {
    my @fields;
    while (my ($name, $value) = splice @_, 0, 2) {
        push @fields, [ $name, quoted($value) ];
    }
    return @fields;
}

sub bearer { [ Authorization => "Bearer $_[0]" ] }


# A request with a body in JSON, if it has fields.

sub made {
    my ($method, $path, $ok, $headers, @fields) = @_;
    return {
        method => $method, path => $path, ok => $ok, query => [],
        headers => [ @$headers, @fields
                     ? [ 'Content-Type' => 'application/json' ] : () ],
        fields => [ @fields ], format => @fields ? 'json' : 'none',
    };
}


1;
