# Does a secret get out of its user mapping, whatever goes wrong?

use MilvusFdw;
use MIME::Base64 qw(encode_base64);

fresh_database();
my $certs  = certs();
my $secret = 'hunter2Zq7Kx9Lw4Vt';
# What a header carries, without padding; halves, because a text may be cut.
my @forms = map { s/=+$//r } $secret, encode_base64($secret, ''), encode_base64("elastic:$secret", ''), encode_base64("root:$secret", '');
my $any = join '|', map { quotemeta } map { $_, substr($_, 0, length($_) / 2), substr($_, length($_) / 2) } @forms;
# "elastic:" and "root:" alone are no secret
$any = join '|', grep { $_ ne quotemeta(substr $forms[2], 0, length($forms[2]) / 2) && $_ ne quotemeta(substr $forms[3], 0, length($forms[3]) / 2) } split /\|/, $any;
my $leak = qr/$any/;

my %server = (es => 'elasticsearch_fdw', milvus => 'milvus_fdw');
my %ways = (es => [ "user 'elastic', password '$secret'", "api_key '$secret'", "user 'elastic', api_key '$secret'" ],
	milvus => [ "user 'root', password '$secret'", "token '$secret'", "token 'root:$secret'" ]);

sub server
{
	my ($kind, $options, $mapping) = @_;
	sql("DROP SERVER IF EXISTS $kind CASCADE");
	sql("CREATE SERVER $kind FOREIGN DATA WRAPPER $server{$kind} OPTIONS (retry_timeout '0', $options)");
	sql("CREATE USER MAPPING FOR CURRENT_USER SERVER $kind OPTIONS ($mapping)");
	sql("CREATE FOREIGN TABLE t_$kind (id bigint) SERVER $kind OPTIONS (" . ($kind eq 'es' ? 'index' : 'collection') . " 'tap052')");
}

# Each statement fails somehow; nothing that comes of it tells the secret.
sub keeps
{
	my ($name, $kind, @more) = @_;
	my ($errors, @told) = (0);
	sql('SET client_min_messages = debug5');
	sql('SET log_min_messages = debug5');
	notices();
	my @queries = ("SELECT * FROM t_$kind", "SELECT count(*) FROM t_$kind WHERE id > 1", "EXPLAIN (ANALYZE, VERBOSE) SELECT id FROM t_$kind",
		"SELECT milvus_fdw.version('$kind')", "SELECT * FROM milvus_fdw.collections('$kind')", "SELECT * FROM milvus_fdw.fields('$kind', 'tap052')",
		"IMPORT FOREIGN SCHEMA \"default\" LIMIT TO (tap052) FROM SERVER $kind INTO public", "ANALYZE t_$kind",
		$kind eq 'milvus' ? ("INSERT INTO t_$kind VALUES (1)", "SELECT milvus_fdw.load('t_$kind')", "SELECT milvus_fdw.flush('t_$kind')") : (), @more);
	# each of them would wait as long as the first
	splice @queries, 2 if $name =~ /^slow: /;
	for my $query (@queries)
	{
		my ($rows, $e) = MilvusFdw::default_session()->try($query);
		$errors++ if $e;
		my @said = ((map { $_ // '' } map { @$_ } @{ $rows // [] }), (map { "$query: " . ($_ // '') } values %{ $e // {} }), map { my $n = $_; map { "$query: $n->{$_}" } keys %$n } @{ notices() });
		push @told, grep { $_ =~ $leak } @said;
	}
	sql('RESET client_min_messages');
	sql('RESET log_min_messages');
	is_deeply(\@told, [], "$name ($errors errors)");
	return $errors;
}

subtest 'where one may stand' => sub {
	my %secret = (elasticsearch_fdw => [qw(password api_key)], milvus_fdw => [qw(password token)]);
	my %where = (elasticsearch_fdw => "url 'http://localhost:9200'", milvus_fdw => "host 'localhost'");
	for my $wrapper (sort keys %secret)
	{
		sql("CREATE SERVER place FOREIGN DATA WRAPPER $wrapper OPTIONS ($where{$wrapper})");
		for my $option (@{ $secret{$wrapper} })
		{
			my %refused = (sqlstate => 'HV00D', hint => qr/"$option" is an option of a user mapping/);
			fails("$option of a server of $wrapper", "CREATE SERVER x FOREIGN DATA WRAPPER $wrapper OPTIONS ($where{$wrapper}, $option 'hunter2')", %refused);
			fails("$option added to it", "ALTER SERVER place OPTIONS (ADD $option 'hunter2')", %refused);
			fails("$option of a table of $wrapper", "CREATE FOREIGN TABLE x (id bigint) SERVER place OPTIONS ($option 'hunter2')", %refused);
			fails("$option of a column of $wrapper", "CREATE FOREIGN TABLE x (id bigint OPTIONS ($option 'hunter2')) SERVER place", %refused);
			fails("$option of $wrapper", "ALTER FOREIGN DATA WRAPPER $wrapper OPTIONS (ADD $option 'hunter2')", sqlstate => 'HV00D');
			fails("an empty $option", "CREATE USER MAPPING FOR CURRENT_USER SERVER place OPTIONS ($option '')", sqlstate => '22023');
		}
		sql('DROP SERVER place');
	}
	for my $url ('https://elastic:hunter2@localhost:9200', 'https://hunter2@localhost', 'http://localhost,http://a:hunter2@b', 'http://localhost/@hunter2', 'http://a%40b:hunter2@c')
	{
		fails("url '$url'", "CREATE SERVER x FOREIGN DATA WRAPPER elasticsearch_fdw OPTIONS (url '$url')", sqlstate => '22023', detail => qr/user or a password/);
	}
};

subtest 'servers that send it back' => sub {
	my @http = map { my $echo = $_; map { { status => $_, echo => $echo } } 200, 302, 400, 401, 403, 404, 429, 500, 503 } qw(json text header);
	for my $how (@http, { echo => 'raw' })
	{
		my $double = double('http_server', script => [ { path => '', answers => [$how] } ]);
		for my $mapping (@{ $ways{es} })
		{
			server(es => "url '" . $double->url . "'", $mapping);
			keeps(join(' ', "Elasticsearch:", map({ "$_ $how->{$_}" } sort keys %$how), $mapping), 'es');
		}
		my @seen = grep { ($_->{headers}{Authorization} // '') =~ /\S/ } $double->seen;
		ok(scalar @seen, 'it was sent');
		$double->stop;
	}
	for my $how ((map { { status => $_ } } 2, 3, 5, 7, 8, 9, 13, 14, 16), (map { { milvus => { code => $_ } } } 1, 5, 8, 100, 101, 1100, 1400, 1401, 65535), { milvus => { code => 0, error_code => 3 } })
	{
		my $double = double('grpc_server', script => { '*' => [ { %$how, echo => \1 } ] });
		for my $mapping (@{ $ways{milvus} })
		{
			server(milvus => "host 'localhost', port '" . $double->port . "'", $mapping);
			my $errors = keeps(join(' ', 'Milvus:', $how->{status} // $how->{milvus}{code}, $mapping), 'milvus');
			cmp_ok($errors, '>', 5, 'most of it fails');
		}
		my @seen = grep { $_->[0] eq 'authorization' } map { @{ $_->{metadata} } } $double->seen;
		ok(scalar @seen, 'it was sent');
		$double->stop;
	}
};

# Where a text is cut off, the beginning of a secret may be left.
subtest 'texts that are cut off' => sub {
	my @pads = map { 11 * $_ } 36 .. 118;
	my $es = double('http_server', script => [ { path => '', answers => [ map { { status => 400, echo => 'json', pad => $_ } } @pads ] } ]);
	my $milvus = double('grpc_server', script => { '*' => [ map { { status => 3, echo => \1, pad => $_ } } @pads ] });
	my $status = double('grpc_server', script => { '*' => [ map { { milvus => { code => 1100 }, echo => \1, pad => $_ } } @pads ] });
	my @cases = ([ es => "url '" . $es->url . "'", $ways{es}[0] ], [ milvus => "host 'localhost', port '" . $milvus->port . "'", $ways{milvus}[0] ],
		[ milvus => "host 'localhost', port '" . $status->port . "'", $ways{milvus}[1] ]);
	for my $case (@cases)
	{
		my ($kind, $options, $mapping) = @$case;
		my ($longest, @told) = (0);
		server($kind, $options, $mapping);
		for my $pad (@pads)
		{
			my $e = error_of("SELECT * FROM milvus_fdw.collections('$kind')");
			my $detail = $e->{detail} // '';
			$longest = length $detail if length $detail > $longest;
			# five characters and more of any form, unless they are those of the name before it
			for my $form (@forms)
			{
				my $from = $form =~ /^(ZWxhc3RpYzp|cm9vdDp)/ ? length $1 : 0;
				for my $at ($from .. length($form) - 5) { push @told, "$pad: $detail" if index($detail, substr $form, $at, 5) >= 0 }
			}
		}
		is_deeply(\@told, [], "$kind: no part of it");
		cmp_ok($longest, '>', 500, 'of long texts');
	}
};

subtest 'connections that fail' => sub {
	my $port = free_port();
	my $hole = double('black_hole');
	my $cut  = double('line', to => real_milvus(), after => 100, then => 'reset');
	my $expired = double('http_server', cert => "$certs/expired.crt", key => "$certs/expired.key");
	my $expired_grpc = double('grpc_server', cert => "$certs/expired.crt", key => "$certs/expired.key");
	my $ca = "sslrootcert '$certs/ca.crt'";
	for my $i (0, 1)
	{
		my %how = (
			'nobody listens' => [ "http://localhost:$port", "http://localhost:$port" ],
			'slow: no such host' => [ 'http://no-such-host.invalid', 'http://no-such-host.invalid' ],
			'slow: no answer' => [ $hole->url, $hole->url, "connect_timeout '1', request_timeout '1'" ],
			'an expired certificate' => [ 'https://' . $expired->host_port, 'https://' . $expired_grpc->host_port, $ca ],
			'an unknown authority' => [ 'https://' . $expired->host_port, 'https://' . $expired_grpc->host_port ],
			'TLS to a plain server' => [ 'https://' . real_es(), 'https://' . real_milvus() ],
			'slow: plain to a TLS server' => [ $expired->url, 'http://' . $expired_grpc->host_port, "connect_timeout '1'" ],
			'slow: the other protocol' => [ 'http://' . real_milvus(), 'http://' . real_es(), "connect_timeout '1'" ],
			'slow: a line that breaks' => [ $cut->url, $cut->url, "connect_timeout '1'" ],
			'no such file' => [ 'https://localhost', 'https://localhost', "sslrootcert '/none/hunter3'" ],
		);
		for my $name (sort keys %how)
		{
			my ($es, $milvus, $more) = @{ $how{$name} };
			$more = $more ? ", $more" : '';
			server(es => "url '$es'$more", $ways{es}[$i]);
			server(milvus => "uri '$milvus'$more", $ways{milvus}[$i]);
			cmp_ok(keeps("$name, Elasticsearch", 'es'), '>', 1, 'fails');
			cmp_ok(keeps("$name, Milvus", 'milvus'), '>', 1, 'fails');
		}
	}
};

subtest 'what PostgreSQL shows' => sub {
	server(es => "url '" . es_url() . "'", $ways{es}[0]);
	server(milvus => "host 'localhost', port '" . milvus_port() . "'", $ways{milvus}[1]);
	es(DELETE => '/tap052', undef, may_fail => 1);
	scalar es(PUT => '/tap052', { mappings => { properties => { id => { type => 'long' } } } });
	keeps('servers that do not mind', 'es', q{SELECT * FROM milvus_fdw.connections()});
	keeps('servers that do not mind', 'milvus', q{SELECT * FROM milvus_fdw.connections()});
	ok(value(q{SELECT count(*) FROM pg_foreign_table WHERE ftrelid = 'tap052'::regclass}), 'IMPORT FOREIGN SCHEMA has made a table');
	my $options = value(q{SELECT string_agg(ftoptions::text, ' ') FROM pg_foreign_table}) . value(q{SELECT string_agg(srvoptions::text, ' ') FROM pg_foreign_server})
		. (value(q{SELECT string_agg(attfdwoptions::text, ' ') FROM pg_attribute}) // '');
	unlike($options, $leak, 'options of servers, tables and columns');
	unlike(join("\n", map { $_->[0] } sql($_)), $leak, $_) for 'EXPLAIN VERBOSE SELECT * FROM t_es', 'EXPLAIN (VERBOSE, FORMAT JSON) SELECT * FROM t_milvus',
		q{EXPLAIN (VERBOSE) INSERT INTO t_milvus SELECT * FROM t_es};
	sql($_) for 'DROP ROLE IF EXISTS tap052_user', 'CREATE ROLE tap052_user', 'GRANT USAGE ON FOREIGN SERVER es, milvus TO tap052_user';
	sql('SET ROLE tap052_user');
	is(value('SELECT count(*) FROM pg_user_mappings WHERE umoptions IS NOT NULL'), 0, 'pg_user_mappings shows others nothing');
	fails('nor does the catalog itself', 'SELECT * FROM pg_user_mapping', sqlstate => '42501');
	sql('RESET ROLE');
	sql($_) for 'DROP OWNED BY tap052_user', 'DROP ROLE tap052_user';
	# a query that is under way
	my $hole = double('black_hole');
	server(milvus => "host 'localhost', port '" . $hole->port . "'", $ways{milvus}[0]);
	my $b = background('SELECT * FROM t_milvus');
	$b->wait_until(q{wait_event_type = 'Extension'});
	my $seen = join "\n", map { join ' ', map { $_ // '' } @$_ } sql(q{SELECT * FROM pg_stat_activity WHERE datname = current_database() AND query NOT LIKE '%pg_stat_activity%'});
	$b->cancel;
	$b->wait(5000);
	like($seen, qr/SELECT \* FROM t_milvus/, 'pg_stat_activity shows the query');
	unlike($seen, $leak, 'without a secret');
	es(DELETE => '/tap052', undef, may_fail => 1);
};

# PostgreSQL logs statements with what one typed into them: those are not ours to hide.
subtest 'the log' => sub {
	my $dir = value('SHOW data_directory') =~ s{/data$}{}r;
	open my $file, '<', "$dir/log" or die $!;
	my $count = 0;
	my @told = grep { $count++; $_ =~ $leak && !/(CREATE|ALTER) (SERVER|USER MAPPING|FOREIGN)/ } <$file>;
	cmp_ok($count, '>', 1000, 'PostgreSQL logged at debug5');
	is_deeply(\@told, [], 'no secret there');
};

done_testing();
