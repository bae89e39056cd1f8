# The pages as files: they are small, they say the same in every language, and
# there is nothing in them that their policy would stop or that makes markup of
# texts.

use strict;
use warnings;

use JSON::PP ();
use Test::More;

binmode Test::More->builder->$_, ':encoding(UTF-8)'
    for qw(output failure_output);

my @pages = sort glob 'html/*.html';
my @scripts = sort glob 'html/js/*.js';
my @languages = sort glob 'html/lang/*.json';


sub slurp {
    my ($file) = @_;
    open my $fh, '<:encoding(UTF-8)', $file or die "$file: $!\n";
    local $/;
    return scalar <$fh>;
}


sub clean {
    my ($what, @complaints) = @_;
    ok(!@complaints, $what) or diag join "\n", @complaints;
}


sub size {
    my $sum = 0;
    $sum += -s for @_;
    return $sum;
}


my %texts = map { $_ => JSON::PP->new->decode(slurp($_)) } @languages;
my $english = $texts{'html/lang/en.json'};


# Texts

sub placeholders { join ' ', sort $_[0] =~ /(\{\w+\})/g }

sub plain {
    my ($text) = @_;
    my %entities = (amp => '&', lt => '<', gt => '>', quot => '"');
    $text =~ s/\s+/ /g;
    $text =~ s/^ | $//g;
    return $text =~ s/&(\w+);/$entities{$1} \/\/ "&$1;"/ger;
}

for my $language (grep { $texts{$_} != $english } @languages) {
    my $other = $texts{$language};

    is_deeply([ sort keys %$other ], [ sort keys %$english ],
              "$language has the texts of English");
    clean('with the same places to fill in', map {
        placeholders($english->{$_}) eq placeholders($other->{$_} // '')
            ? () : $_ } keys %$english);
    clean('none empty', grep { ($other->{$_} // '') !~ /\S/ } keys %$english);
}

clean('no text stands twice', map {
    my %seen;
    my $file = $_;
    map { $seen{$_}++ ? "$file: $_" : () } slurp($file) =~ /^ "([^"]+)":/mg;
} @languages);

clean('nothing is filled into what an error says', grep {
    /^error\./ && $_ ne 'error.wait' && $english->{$_} =~ /\{/
} keys %$english);

for my $page (@pages) {
    my $html = slurp($page);
    my ($title) = $html =~ /<html[^>]* data-title="([^"]+)"/;
    my @complaints;

    while ($html =~ / data-t="([^"]+)"[^>]*>([^<]*)/g) {
        my ($key, $text) = ($1, plain($2));
        push @complaints, "$key: $text" if $text ne ($english->{$key} // '');
    }

    for my $tag ($html =~ /(<[^>]* data-t-label=[^>]*>)/g) {
        my ($key) = $tag =~ /data-t-label="([^"]+)"/;
        my ($label) = $tag =~ /aria-label="([^"]+)"/;
        push @complaints, "$key: " . ($label // 'none')
            if plain($label // '') ne ($english->{$key} // '');
    }

    clean("$page says in English what en.json says", @complaints);

    my ($shown) = $html =~ /<title>(.*?)<\/title>/s;
    is(plain($shown // ''), ($english->{ $title // '' } // '') . " \x{2013} Kanda",
       'in its title too');
}

my %used;

for my $file (@pages, @scripts) {
    my $text = slurp($file);
    $used{"dash.$_"} = $file for $text =~ /\bd\('(\w+)'/g;
    $used{$_} = $file for $text =~ /\bt\('([\w.]+)'/g,
                          $text =~ /data-t(?:itle|-label)?="([^"]+)"/g;
}

# some names of texts are put together; those are left out here
clean('what is asked for is there', map { exists $english->{$_} ? ()
    : "$used{$_}: $_" } grep { !/\.$/ } sort keys %used);

my $code = join "\n", map { slurp($_) } @pages, @scripts;

clean('the texts of these pages are all in use', grep {
    /^(?:signin|enrol)\./ && $code !~ /['"]\Q$_\E['"]/ } sort keys %$english);


# What the policy would stop, and what makes markup of texts

clean('no script or style stands in a page', map {
    my $html = slurp($_);
    my $page = $_;
    map { "$page: $_" }
        $html =~ /(<script(?![^>]* src="\/js\/)[^>]*>|<style\b)/g,
        $html =~ /( style=| on\w+=|javascript:)/g,
        $html =~ /((?:src|href)="(?:[a-z]+:)?\/\/[^"]*")/g;
} @pages);

clean('no markup is made of texts', map {
    my $file = $_;
    map { "$file: $_" } slurp($file) =~ /\b(innerHTML|outerHTML|
        insertAdjacentHTML|document\.write|setHTML\w*|createContextualFragment|
        DOMParser|srcdoc|eval\(|new\ Function)/gx;
} @scripts);

clean('tidy', map {
    my $n = 0;
    my $file = $_;
    map { $n++; /\t|\s$/ ? "$file:$n" : () } split /\n/, slurp($file);
} @pages, @scripts, @languages, 'html/kanda.css');


# Sizes, in bytes. None is compressed.

my %most = (
    'sign-in.html js/sign-in.js js/enrol.js' => 10_600,
    'dashboard.html js/dashboard.js js/parts.js js/clients.js js/keys.js'
        . ' js/log.js js/chart.js js/security.js' => 27_000,
);

for my $files (sort keys %most) {
    my $size = size(map { "html/$_" } split ' ', $files);
    cmp_ok($size, '<=', $most{$files}, "$files");
}

# openapi.json is no page, and only the reference asks for it
chomp(my @all = grep { !/openapi/ } `find html -type f`);
cmp_ok(size(@all), '<', 96 * 1024, 'all pages together are small');

done_testing;
