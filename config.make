# The Lua scripts, each behind the prelude they share, as C strings.

cat << END >> $NGX_MAKEFILE

$NGX_OBJS/kanda_scripts.h: $(echo $ngx_addon_dir/src/store/scripts/*.lua \
       $ngx_addon_dir/src/store/scripts/*.inc) \\
	$ngx_addon_dir/src/store/scripts/embed.sh
	sh $ngx_addon_dir/src/store/scripts/embed.sh \\
		$ngx_addon_dir/src/store/scripts > \$@.tmp
	mv \$@.tmp \$@

END
